"""What people do with teams: one verb a file, with its rights, its effect and its refusals."""
