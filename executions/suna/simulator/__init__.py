"""A Suna to test against: it speaks Suna's wire and shares no code with Renum's client of it.

An ASGI application in a process of its own. `app.build_app` makes it, `server.serve` runs it, `profiles`
holds what differs between Suna's versions, `agents` the scripted agents. Nothing in here may import the
client, the engine, a Django model or any other part of Renum: a fake that shares code with what it stands
in for would agree with its mistakes.
"""
