"""What people do with keys and prices: one verb, one file."""
