"""PostgreSQL and Redis out of wheels, for a machine that has neither: started, watched and stopped by us.

Only the wheels' binaries are used. This package imports nothing of Django, so that the services can be
started before the settings are read: `python -m renum_site.embedded start`.
"""
