"""Finding out anew which Suna a connection leads to, once a route or a young run that it had is gone.

Whoever runs Suna may put another version in its place while runs are under way. At most once a minute and by
one driver only a connection is looked at; every client is made anew of what is stored then, and runs go on
with the new version where their ids still mean something there. One that keeps its routes is noticed by a
look each hour (`notice_another`), which never pauses a connection.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable

from asgiref.sync import async_to_sync
from django.db import connection as database

from executions.agent_service import AgentServiceError, Unavailable
from executions.orchestrator.connections import reaches_public_only, read_credential
from executions.orchestrator.database_calls import DATABASE_AWAY, in_driver_thread
from executions.orchestrator.gates_stored import clear_pause, store_pause, store_unreachable
from executions.orchestrator.profile_columns import learned_capabilities, profile_columns
from executions.suna.detect import Detection, detect_profile
from executions.suna.wire import PROFILES
from executions.suna.wire.learned import read_learned
from teams.models import SunaConnection
from teams.models.encrypted_text import Undecryptable

logger = logging.getLogger(__name__)

UNKNOWN_SUNA = "unknown_suna"
EVERY_S = 60
NOTICED_WITHIN_S = 3600
ASKED_AGAIN_S = 2.0
"""So often at most a driver looks whether it is its turn: each call that fails says that a route is gone."""

# Whoever checked the connection last, a person too, has just found out what there is to find.
_CLAIM = """
UPDATE teams_sunaconnection SET checked_at = clock_timestamp()
WHERE id = %s AND (checked_at IS NULL OR checked_at < clock_timestamp() - make_interval(secs => %s))
"""


class Redetection:
    """One driver's. `mended` is called, in the event loop, when it is known again what there is."""

    def __init__(self, *, mended: Callable[[SunaConnection], None]) -> None:
        self._mended = mended
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._asked_at: dict[uuid.UUID, float] = {}

    def note(self, connection_id: uuid.UUID, wire_profile: str) -> None:
        """Take in that a route of a connection is gone that this profile has."""
        now = time.monotonic()
        if connection_id in self._tasks or now - self._asked_at.get(connection_id, -EVERY_S) < ASKED_AGAIN_S:
            return
        self._asked_at[connection_id] = now
        work = self._find_out(connection_id, wire_profile)
        task = asyncio.create_task(work, name=f"redetect {connection_id}")
        self._tasks[connection_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(connection_id, None))

    async def look(self, connection_id: uuid.UUID, wire_profile: str) -> None:
        """Find out now and return when that is done, or at once where somebody has just looked."""
        self.note(connection_id, wire_profile)
        task = self._tasks.get(connection_id)
        if task is not None:
            await asyncio.wait([task])

    @property
    def is_looking(self) -> bool:
        """Whether something is being found out."""
        return bool(self._tasks)

    async def aclose(self) -> None:
        """Find out no more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find_out(self, connection_id: uuid.UUID, wire_profile: str) -> None:
        try:
            connection = await in_driver_thread(_claim, connection_id)
            if connection is None:
                # Another driver, or a person, has looked: what they found is in the row.
                known = await in_driver_thread(SunaConnection.objects.get, pk=connection_id)
                if known.wire_profile != wire_profile:
                    self._mended(known)
                return
            found = await _detect_noting_absence(connection)
            if await in_driver_thread(_store, connection, found):
                self._mended(connection)
        except AgentServiceError as error:
            logger.info("which Suna connection %s leads to is not known yet: %s", connection_id, error.code)
        except DATABASE_AWAY as error:
            logger.warning("PostgreSQL is away, no Suna is detected: %s", type(error).__name__)
        except Undecryptable:
            logger.warning("the credential of connection %s cannot be read", connection_id)
        except Exception as error:  # noqa: BLE001  whatever its row or its Suna holds, the driver drives on
            # No trace: it may quote the row.
            logger.error("connection %s not detected: %s", connection_id, type(error).__name__)  # noqa: TRY400  its text may hold a row


def notice_another(connection_id: uuid.UUID, *, patience_s: float) -> bool:
    """Look whether another Suna took the place of a known one, at most once an hour; return whether it did.

    What is no Suna at that moment may be one again before long: only a call that finds no route says more.
    Nothing is changed in Suna. No transaction may be open: this waits for the network.
    """
    connection = _claim(connection_id, every_s=NOTICED_WITHIN_S)
    if connection is None:
        return False
    try:
        found = async_to_sync(_detect_within)(connection, patience_s)
    except (AgentServiceError, TimeoutError) as error:
        logger.info("connection %s is not looked at: %s", connection_id, type(error).__name__)
        return False
    except Undecryptable:
        logger.warning("the credential of connection %s cannot be read", connection_id)
        return False
    return found.profile is not None and _is_another(connection, found) and _store(connection, found)


async def _detect_noting_absence(connection: SunaConnection) -> Detection:
    """Detect; where nobody answers, the row says so as it does for a connection that is known."""
    try:
        found = await _detect(connection)
    except Unavailable:
        await in_driver_thread(store_unreachable, connection.pk, is_so=True)
        raise
    if connection.unreachable_at is not None:
        await in_driver_thread(store_unreachable, connection.pk, is_so=False)
    return found


async def _detect_within(connection: SunaConnection, patience_s: float) -> Detection:
    async with asyncio.timeout(patience_s):
        return await _detect(connection)


async def _detect(connection: SunaConnection) -> Detection:
    return await detect_profile(
        base_url=connection.base_url,
        credential=read_credential(connection),
        public_only=reaches_public_only(connection),
    )


def _is_another(connection: SunaConnection, found: Detection) -> bool:
    """Tell whether what was found is another version than the connection's, or another build of it."""
    if found.profile != connection.wire_profile:
        return True
    known = connection.capabilities if isinstance(connection.capabilities, dict) else {}
    return learned_capabilities(found) != read_learned(PROFILES[connection.wire_profile], known)


def _claim(connection_id: uuid.UUID, *, every_s: int = EVERY_S) -> SunaConnection | None:
    """Return the connection with its credential where it is our turn to look at it, else None."""
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, [connection_id, every_s])
        if cursor.rowcount != 1:
            return None
    return SunaConnection.objects.with_credential().get(pk=connection_id)


def _store(connection: SunaConnection, found: Detection) -> bool:
    """Keep what was found; return whether it is a Suna that can be spoken to.

    A connection whose address was changed meanwhile is left as it is.
    """
    if found.profile is None:
        store_pause(connection.pk, code=UNKNOWN_SUNA)
        logger.warning("connection %s: %s", connection.pk, found.refused_because)
        return False
    columns = profile_columns(connection, profile=found.profile, capabilities=learned_capabilities(found))
    unchanged = SunaConnection.objects.filter(
        pk=connection.pk, base_url=connection.base_url, wire_profile=connection.wire_profile
    )
    if not unchanged.update(**columns):
        return False
    clear_pause(connection.pk, code=UNKNOWN_SUNA)
    if found.profile != connection.wire_profile:
        logger.warning(
            "connection %s was %s, now is %s", connection.pk, connection.wire_profile, found.profile
        )
    return True
