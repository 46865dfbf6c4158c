"""The shared context of an execution: Redis in front, PostgreSQL behind, versioned.

`store` reads and writes the copy in Redis; `rebuild` makes it anew from the newest snapshot and the changes
since. Redis may lose everything at any time: a copy with another version than the execution's is never used.
"""
