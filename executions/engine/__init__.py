"""The scheduler, pure: no clock, no dice, no ids, no logging, no framework.

`decide(plan, state, now)` says what should happen next; `transitions` says what a fact (an attempt ended)
does to the state; the orchestrator obeys and stores.
"""
