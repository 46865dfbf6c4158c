"""What people do with executions: one verb a file, with its rights, effect, refusals and event."""
