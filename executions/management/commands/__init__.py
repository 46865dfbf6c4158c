"""One module per command; each parses its options and makes one call."""
