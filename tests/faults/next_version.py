"""The settings of the next version of Renum: it has one more migration, which only adds."""

from renum_site.settings import *  # noqa: F403
from renum_site.settings import MIGRATION_MODULES as _MODULES

MIGRATION_MODULES = {**_MODULES, "renum_site": "tests.faults.next_migrations"}
