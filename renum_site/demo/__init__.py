"""What `make demo` runs in a terminal, and what `make run` finds ready: people, teams and a connection."""
