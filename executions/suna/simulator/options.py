"""What of a simulated Suna may change while it runs: what its operator could change, or an update would."""

import msgspec

from executions.suna.simulator.times import Times


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options in force. None is what the version recorded.

    - `parallel_limit`: runs allowed at once. `custom_agents`: the feature flag of b0 and b1, without which
      agents are refused with 403 (suna-contract §1.3).
    - `billing`: the usage logs of b0 and b1 have rows; in local mode, the default, they are empty.
    - `active_runs`: the list of active runs is there (it came in the midst of b2).
    - `jwt_reads`: messages are read by JWT only, as from 6 November 2025 on.
    - `error_codes`: refusals of a start are 402 with an `error_code`, as from 9 November 2025 on.
    - `langfuse`: false as in a b2 or c0 without keys for Langfuse: who ends normally stays `running`.
    - `replay_s`: how long an ended run's stream is replayed.
    - `native_calls`: agents of c0 call tools natively, as from 24 November 2025 on.
    - `piece_chars`: so many characters of a text or a call come in one event of a stream (a model's token has
      about four); None is a few pieces in all. For b0 to c1, whose streams are replayed.
    - `forgets_model`, `writes_prompts`: a change of an agent takes its model, its prompt (autumn 2025).
    - `thread_limit`: threads that the account may have (from December 2025 on). `times`: how long Suna itself
      takes over things there, see `Times`; those that are not named are as usual.
    """

    parallel_limit: int | None = None
    custom_agents: bool = True
    billing: bool = False
    active_runs: bool | None = None
    jwt_reads: bool | None = None
    error_codes: bool | None = None
    langfuse: bool = True
    replay_s: float | None = None
    native_calls: bool = False
    piece_chars: int | None = None
    forgets_model: bool = False
    writes_prompts: bool = False
    thread_limit: int | None = None
    times: Times = Times()


def changed(options: Options, body: bytes) -> Options:
    """Return the options with those that a JSON object names changed; msgspec's errors where it is wrong."""
    given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    decoded = {name: msgspec.json.decode(value) for name, value in given.items()}
    return msgspec.convert({**msgspec.structs.asdict(options), **decoded}, Options)
