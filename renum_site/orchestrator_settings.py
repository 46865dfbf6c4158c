"""The orchestrator's intervals and limits as one frozen value, read once and checked against each other."""

from dataclasses import dataclass

from renum_site.env import Env, EnvError


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorSettings:
    """How fast drivers beat, look, ask and give up. Times are seconds.

    A driver may miss one beat and keep its lease. `start_grace_s` must outlast a start call that hangs,
    or a second run could be started beside a slow first one. A driver lingers longer than a lease lasts,
    so that it picks up what a dead one held. One whose loop stands still for `stall_s` ends its
    process. A stop counts once Suna has said twice, `stop_settle_s` apart, that the run is over.
    A result that cannot be read although Suna answers is asked for until `result_give_up_s` after the step's
    time. `suna_connections` is how many calls one driver has under way on one connection to Suna; more of
    them wait for their turn, and streams are not among them. A driver asks for its runs at
    most `polls_per_s` times a second, and for a run of which a stream or a list tells only each
    `poll_beside_stream_s`; it holds up to `streams` streams with `stream_events_per_s` together, and polls
    beyond that. Of executions that wait for a driver one person may have `max_queued`, all together
    `max_queued_site`. `alive_within_s` is how long it may be unproven that a cluster's workers take tasks; it
    must outlast a lease. A limit of parallel runs that was learned from refusals is raised by one each
    `gate_growth_s` while starts wait; drivers tell each other what they have in flight each
    `gate_exchange_s`, or more often. One driver reads at most `live_readers` runs for those who watch what
    they do; a web process shows it to `live_clients` pages and programs at once, of one person to
    `live_clients_per_user`, and follows executions' events for `event_clients` of them and
    `event_clients_per_user`; who takes nothing of a stream for `stream_write_s` is cut off. An
    end that Suna may take back counts once it has lasted
    `doubtful_end_s`. A run that has answered in full and never says that it is over counts as over once
    nothing in its thread has changed for `lingering_s`. The team of one execution sends
    `messages` at most, one run `messages_per_run` of them, of `message_bytes` each.
    """

    lease_ttl_s: float
    beat_s: float
    claim_interval_s: float
    claim_chunk: int
    capacity: int
    max_queued: int
    max_queued_site: int
    poll_min_s: float
    poll_max_s: float
    poll_divisor: float
    polls_per_s: int
    poll_beside_stream_s: float
    streams: int
    stream_events_per_s: int
    active_list_tick_s: float
    call_deadline_s: float
    start_grace_s: float
    stop_settle_s: float
    stop_give_up_s: float
    result_give_up_s: float
    linger_s: float
    max_drive_s: float
    stall_s: float
    commit_batch: int
    drivers_workers: int
    suna_connections: int
    gate_growth_s: float
    gate_exchange_s: float
    alive_within_s: float
    doubtful_end_s: float
    lingering_s: float
    live_readers: int
    live_clients: int
    live_clients_per_user: int
    event_clients: int
    event_clients_per_user: int
    stream_write_s: float
    messages: int
    messages_per_run: int
    message_bytes: int


def read_orchestrator_settings(env: Env) -> OrchestratorSettings:
    """Read RENUM_<NAME> for each field; raise EnvError where one is wrong or two contradict each other."""
    settings = OrchestratorSettings(
        lease_ttl_s=env.seconds("RENUM_LEASE_TTL_S", default=15, low=0.5, high=600),
        beat_s=env.seconds("RENUM_BEAT_S", default=5, low=0.1, high=200),
        claim_interval_s=env.seconds("RENUM_CLAIM_INTERVAL_S", default=2, low=0.05, high=60),
        claim_chunk=env.whole("RENUM_CLAIM_CHUNK", default=25, low=1, high=1000),
        capacity=env.whole("RENUM_CAPACITY", default=1000, low=1, high=5000),
        max_queued=env.whole("RENUM_MAX_QUEUED", default=500, low=1, high=1_000_000),
        max_queued_site=env.whole("RENUM_MAX_QUEUED_SITE", default=5000, low=1, high=1_000_000),
        poll_min_s=env.seconds("RENUM_POLL_MIN_S", default=0.5, low=0.02, high=60),
        poll_max_s=env.seconds("RENUM_POLL_MAX_S", default=5, low=0.02, high=300),
        poll_divisor=env.seconds("RENUM_POLL_DIVISOR", default=10, low=1, high=1000),
        polls_per_s=env.whole("RENUM_POLLS_PER_S", default=150, low=1, high=10_000),
        poll_beside_stream_s=env.seconds("RENUM_POLL_BESIDE_STREAM_S", default=10, low=0.02, high=300),
        streams=env.whole("RENUM_STREAMS", default=1000, low=0, high=10_000),
        stream_events_per_s=env.whole("RENUM_STREAM_EVENTS_PER_S", default=5000, low=1, high=1_000_000),
        active_list_tick_s=env.seconds("RENUM_ACTIVE_LIST_TICK_S", default=0.5, low=0.05, high=60),
        call_deadline_s=env.seconds("RENUM_CALL_DEADLINE_S", default=30, low=0.2, high=300),
        start_grace_s=env.seconds("RENUM_START_GRACE_S", default=35, low=0.2, high=600),
        stop_settle_s=env.seconds("RENUM_STOP_SETTLE_S", default=3, low=0, high=60),
        stop_give_up_s=env.seconds("RENUM_STOP_GIVE_UP_S", default=600, low=1, high=86_400),
        result_give_up_s=env.seconds("RENUM_RESULT_GIVE_UP_S", default=300, low=1, high=86_400),
        linger_s=env.seconds("RENUM_LINGER_S", default=25, low=0.5, high=3600),
        max_drive_s=env.seconds("RENUM_MAX_DRIVE_S", default=3600, low=1, high=86_400),
        stall_s=env.seconds("RENUM_STALL_S", default=60, low=2, high=3600),
        commit_batch=env.whole("RENUM_COMMIT_BATCH", default=200, low=1, high=5000),
        drivers_workers=env.whole("RENUM_DRIVERS_WORKERS", default=2, low=1, high=64),
        suna_connections=env.whole("RENUM_SUNA_CONNECTIONS", default=32, low=1, high=1000),
        gate_growth_s=env.seconds("RENUM_GATE_GROWTH_S", default=10, low=0.5, high=3600),
        gate_exchange_s=env.seconds("RENUM_GATE_EXCHANGE_S", default=1, low=0.1, high=60),
        alive_within_s=env.seconds("RENUM_ALIVE_WITHIN_S", default=60, low=3, high=3600),
        doubtful_end_s=env.seconds("RENUM_DOUBTFUL_END_S", default=300, low=0, high=86_400),
        lingering_s=env.seconds("RENUM_LINGERING_S", default=60, low=0.5, high=3600),
        live_readers=env.whole("RENUM_LIVE_READERS", default=50, low=0, high=1000),
        live_clients=env.whole("RENUM_LIVE_CLIENTS", default=200, low=0, high=2000),
        live_clients_per_user=env.whole("RENUM_LIVE_CLIENTS_PER_USER", default=12, low=1, high=2000),
        event_clients=env.whole("RENUM_EVENT_CLIENTS", default=1000, low=0, high=10_000),
        event_clients_per_user=env.whole("RENUM_EVENT_CLIENTS_PER_USER", default=50, low=1, high=10_000),
        stream_write_s=env.seconds("RENUM_STREAM_WRITE_S", default=20, low=0.5, high=600),
        messages=env.whole("RENUM_MESSAGES", default=1000, low=1, high=10_000),
        messages_per_run=env.whole("RENUM_MESSAGES_PER_RUN", default=20, low=1, high=200),
        message_bytes=env.whole("RENUM_MESSAGE_BYTES", default=16_384, low=256, high=65_536),
    )
    if settings.beat_s * 2 > settings.lease_ttl_s:
        msg = "RENUM_BEAT_S must be at most half of RENUM_LEASE_TTL_S, or one late beat would lose the lease."
        raise EnvError(msg)
    if settings.poll_min_s > settings.poll_max_s:
        msg = "RENUM_POLL_MIN_S must not be above RENUM_POLL_MAX_S."
        raise EnvError(msg)
    if settings.start_grace_s <= settings.call_deadline_s:
        msg = "RENUM_START_GRACE_S must be longer than RENUM_CALL_DEADLINE_S, or steps could start twice."
        raise EnvError(msg)
    if settings.linger_s <= settings.lease_ttl_s:
        msg = "RENUM_LINGER_S must be longer than RENUM_LEASE_TTL_S, or nobody adopts what a driver left."
        raise EnvError(msg)
    return settings
