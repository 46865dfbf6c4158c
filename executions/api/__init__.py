"""The REST API of executions: start, follow, list, cancel."""
