"""The scripted agents: a prompt goes in, a whole run comes out. Deterministic; no clock, no dice, no ids.

An agent takes its part from the role line of its prompt, never from a table of agent ids: the same agent
plays different parts in different teams.
"""
