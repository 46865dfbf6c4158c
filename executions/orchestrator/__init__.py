"""The shell round the engine: drivers that claim executions, obey decisions and commit what happened.

`commit` is the only writer of a status. `queue` is the only door to django-q2. Nothing here decides what a
workflow means: that is `executions.engine`.
"""
