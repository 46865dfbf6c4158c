"""What running agents do, shown to those who watch: from Redis, where drivers write it, never from Suna."""
