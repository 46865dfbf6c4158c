"""The web process under load: clients that follow, and starts. It works beside the driver of the rounds."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from bench.posts import AT_ONCE, ask_health, check_all_finish, percentiles, post_starts
from bench.product import Product
from bench.situations import BenchError
from bench.streams import follow_many
from bench.web import Web, start_web
from renum_site.processes import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLoad:
    """How much is asked of the web process."""

    clients: int
    followed: int
    events_each: int
    posts: int
    queue_limit: int
    alone: int


FULL = ApiLoad(clients=500, followed=50, events_each=6, posts=5000, queue_limit=500, alone=150)
QUICK = ApiLoad(clients=12, followed=3, events_each=3, posts=60, queue_limit=20, alone=10)


def measure_api(
    supervisor: Supervisor, product: Product, load: ApiLoad, *, say: Callable[[str], None]
) -> dict[str, float]:
    """Return the figures by name. Raises BenchError where something was lost, repeated or refused wrongly."""
    web = start_web(supervisor, by=product.owner, queue_limit=load.queue_limit)
    followed = product.executions_at_rest(load.followed)
    team_id = product.team_of_one_step()
    return asyncio.run(_measure(web, product.owner.pk, team_id, followed, load, say))


async def _measure(
    web: Web,
    user_id: uuid.UUID,
    team_id: uuid.UUID,
    followed: list[uuid.UUID],
    load: ApiLoad,
    say: Callable[[str], None],
) -> dict[str, float]:
    say("API: one client that follows")
    one = await follow_many(web, followed[:1], clients=1, rounds=load.followed * load.events_each)
    say(f"API: {load.clients} clients that follow")
    many = await follow_many(web, followed, clients=load.clients, rounds=load.events_each)
    say("API: starts, one at a time")
    health_ms = await ask_health(web, times=load.alone)
    alone = await post_starts(web, team_id=team_id, posts=load.alone, at_once=1, user_id=user_id)
    await check_all_finish(alone, patience_s=120)
    say(f"API: {load.posts} starts, {AT_ONCE} at a time, {load.queue_limit} may wait")
    loaded = await post_starts(web, team_id=team_id, posts=load.posts, at_once=AT_ONCE, user_id=user_id)
    await check_all_finish(loaded, patience_s=600)
    if loaded.most_queued > load.queue_limit:
        msg = f"{loaded.most_queued} executions waited where {load.queue_limit} may."
        raise BenchError(msg)
    (p50, p99), (loaded_p50, loaded_p99) = percentiles(alone.took_ms), percentiles(loaded.took_ms)
    return {
        "g11_p50_ms": p50,
        "g11_p99_ms": p99,
        "post_p50_x_healthz": p50 / health_ms,
        "post_loaded_p50_ms": loaded_p50,
        "post_loaded_p99_ms": loaded_p99,
        "post_loaded_per_s": load.posts / loaded.over_s,
        "post_loaded_accepted": loaded.statuses[202],
        "post_loaded_refused": load.posts - loaded.statuses[202],
        "post_loaded_most_queued": loaded.most_queued,
        "sse_one_p50_ms": one["p50_ms"],
        "sse_p50_x_one": many["p50_ms"] / one["p50_ms"],
        **{f"sse_{name}": value for name, value in many.items()},
    }
