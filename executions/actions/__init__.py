"""What people do with executions: one verb a file, with its rights, its effect, its refusals and its event."""
