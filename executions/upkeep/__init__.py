"""Keeping Renum in order: verifying, pruning, draining, backing up and restoring. Commands call it.

Nothing here decides about an execution. What a restore makes wait for a person goes through the
orchestrator's `commit`, as every status does.
"""
