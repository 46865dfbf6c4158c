"""Wake-ups: hints through Redis that there is work. Rows are the truth; a lost hint costs seconds.

A hint is the id of an execution to look at, or an empty message ("there may be something to claim").
"""

import asyncio
import logging
import uuid
from collections.abc import Callable

import redis.asyncio
from django.conf import settings
from django.db import transaction
from django_redis import get_redis_connection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from executions.orchestrator.queue import DRIVERS, count_queued, enqueue_drive

logger = logging.getLogger(__name__)

CHANNEL = "renum:wake"
QUEUED = "renum:wake:queued"
# A busy cluster may take a wake-up and keep it, so that it must be sent again before long.
QUEUED_S = 2
# Nobody takes them, or everybody is at work: more would start no driver sooner. Canaries are among them.
QUEUED_AT_MOST = 20
RECONNECT_S = 2.0
# A line that is dead without saying so looks like silence: after so much of it Redis is asked to answer.
PROOF_S = 10.0


def wake_drivers_on_commit(execution_id: uuid.UUID) -> None:
    """Wake the drivers for an execution as soon as the transaction around this call is committed."""
    transaction.on_commit(lambda: wake_drivers(execution_id))


def wake_drivers(execution_id: uuid.UUID | None = None) -> None:
    """Tell the drivers that run, and queue one start of a driver if none was queued in the last seconds."""
    try:
        client = get_redis_connection("default")
        client.publish(CHANNEL, str(execution_id or ""))
    except RedisError as error:
        logger.warning("no wake-up sent, drivers will look by themselves: %s", type(error).__name__)
    else:
        queue_driver()


def queue_driver() -> bool:
    """Queue one start of a driver if none was queued in the last seconds; False where Redis is away.

    Nothing is queued where many wait already.
    """
    try:
        is_time = get_redis_connection("default").set(QUEUED, "1", nx=True, ex=QUEUED_S)
        if is_time and count_queued(DRIVERS) < QUEUED_AT_MOST:
            enqueue_drive()
    except RedisError as error:
        logger.warning("no start of a driver queued: %s", type(error).__name__)
        return False
    return True


def forget_queued_wake_up() -> None:
    """Allow the next wake-up to be queued at once: the last one has arrived."""
    try:
        get_redis_connection("default").delete(QUEUED)
    except RedisError as error:
        logger.warning("queued wake-up not forgotten: %s", type(error).__name__)


async def listen_for_wake_ups(wake: Callable[[], None]) -> None:
    """Call `wake` at each hint until cancelled; connect again for ever.

    What a hint says is not read: everybody on the same Redis may publish, and the rows say what there is.
    """
    await listen_on(CHANNEL, lambda _hint: wake())


async def listen_on(channel: str, hear: Callable[[bytes], None]) -> None:
    """Call `hear` with each message of a channel until cancelled; connect again for ever."""
    while True:
        try:
            await _listen(channel, hear)
        except RedisError as error:
            logger.warning("wake-ups are not heard: %s", type(error).__name__)
        except Exception:
            # A driver that hears nothing looks by itself; one whose listener is gone would never hear again.
            logger.exception("wake-ups are not heard")
        await asyncio.sleep(RECONNECT_S)


async def _listen(channel: str, hear: Callable[[bytes], None]) -> None:
    # A subscription waits without end: redis-py's default of five seconds would cut it.
    client = redis.asyncio.from_url(settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=3)
    async with client, client.pubsub() as pubsub:
        await pubsub.subscribe(channel)
        asked = False
        while True:
            message = await pubsub.get_message(timeout=PROOF_S)
            if message is not None:
                asked = False
                if message["type"] == "message":
                    hear(message["data"])
            elif asked:
                raise RedisTimeout("nobody answers")
            else:
                await pubsub.ping()
                asked = True
