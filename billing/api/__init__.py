"""The REST API of cost and keys."""
