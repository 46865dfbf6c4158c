"""How long Suna itself takes over things that no agent decides. All are seconds, divided by `speed`."""

import msgspec


class Times(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The times of the versions of December 2025 and later; each can be shortened for a test.

    - `lag_s`: the stream says `completed` up to so long before the database (suna-contract §9.25).
    - `ping_s`: a stream without news says `ping` so often. `pending_s`: how long a start is answered before
      the database has it (§9.11); `pending_key_s`: how long the thread of a start that never gets there says
      `_pending` (§1.3).
    - `flush_s`: rows reach the database in batches, so often (§9 and d of the verified table).
    - `silence_s`: a reader that was given nothing for so long asks the database, and fails a run that goes
      on (§9.26). `wait_for_run_s`: how long a stream waits for a run that nobody knows.
    - `list_s`: how long c1 keeps a stream after the end, unless `replay_s` of the options says; `stream_s`:
      how long d keeps it (§3.3).
    - `notice_s`: when a worker notices that its run was stopped. `optimistic_s`: when c2 starts the run of
      an optimistic start. `cache_s`: how long d remembers the messages of a thread (§1.3).
    """

    lag_s: float = 0.5
    ping_s: float = 5.0
    pending_s: float = 0.2
    pending_key_s: float = 60.0
    flush_s: float = 4.0
    silence_s: float = 20.0
    wait_for_run_s: float = 3.2
    list_s: float = 3600.0
    stream_s: float = 600.0
    notice_s: float = 0.1
    optimistic_s: float = 1.0
    cache_s: float = 60.0


def named_times(given: list[str]) -> Times:
    """Return the times of which some are given as `name=seconds`; ValueError where one is not."""
    pairs = (text.partition("=") for text in given)
    return msgspec.convert({name: float(seconds) for name, _, seconds in pairs}, Times)
