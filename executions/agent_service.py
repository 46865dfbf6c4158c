"""The port: what Renum needs from a platform on which agents live, its values and its error tree. Pure.

One adapter implements it, `executions.suna`. Nothing here names a wire, and nothing assumes that the
service has threads: `place` is the service's own handle of where a run will be (in Suna a thread id), an
opaque string that is committed before a run is started in it.

Errors are split by who can act, as their classes say:

    AgentServiceError
    ├── Unavailable            nobody: wait and ask again (network, 5xx, time-out of a read)
    │   └── ContractChanged    the orchestrator: a known route is gone; find out anew what lives there
    ├── Throttled              nobody: the service limits us; wait `retry_after_s` (429, run limit)
    ├── StartUncertain         the orchestrator: a start may or may not have made a run; look it up
    ├── CredentialRefused      the connection's owner: 401
    ├── CredentialUnreadable   the operator: the stored credential does not decrypt; nothing is sent
    ├── PaymentRequired        the connection's owner: no credits
    ├── Denied                 the connection's owner: 403, a model or a plan that forbids it
    ├── Rejected               the team's editor: the request itself is wrong (400, 422, unknown agent)
    ├── NotFound               the orchestrator: the run or the place is not there
    │   └── ResultExpired      nobody: the run ended, and what it left is not kept any more
    ├── BadResponse            the service: an answer that makes no sense
    ├── ResponseTooLarge       the team's editor: an answer over the size cap
    └── RedirectRefused        the connection's owner: the base URL points somewhere else
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from executions.live_output import LiveEvent
from executions.secret_text import SecretText as SecretText
from executions.tool_server import ToolServer as ToolServer

MAX_ID_CHARS = 128
"""Of a run and of a place: the columns that keep them have as many. Longer ones are no ids."""


class AgentServiceError(Exception):
    """Anything that went wrong with the service. `detail` is safe to show: it never holds a key."""

    code = "agent_service_error"

    def __init__(self, detail: str = "", *, status_code: int | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.status_code = status_code


class Unavailable(AgentServiceError):
    """The service could not be asked, or could not answer; the same question may be asked again.

    `sent` is False only where the request surely never left (the connection was refused).
    """

    code = "unavailable"

    def __init__(self, detail: str = "", *, status_code: int | None = None, sent: bool = True) -> None:
        super().__init__(detail, status_code=status_code)
        self.sent = sent


class ContractChanged(Unavailable):
    """A route that this version has is not there, and nothing was done: another version lives there now."""

    code = "contract_changed"

    def __init__(self, detail: str = "", *, status_code: int | None = None) -> None:
        super().__init__(detail, status_code=status_code, sent=False)


class Throttled(AgentServiceError):
    """The service has as many requests or runs as it allows. `retry_after_s` is None where it did not say.

    `limit` and `running` are what the service told of its limit of parallel runs, if it did.
    """

    code = "throttled"

    def __init__(
        self,
        detail: str = "",
        *,
        status_code: int | None = None,
        retry_after_s: float | None = None,
        limit: int | None = None,
        running: int | None = None,
    ) -> None:
        super().__init__(detail, status_code=status_code)
        self.retry_after_s = retry_after_s
        self.limit = limit
        self.running = running


class StartUncertain(AgentServiceError):
    """A start was sent and its answer is lost or makes no sense: a run may exist."""

    code = "start_uncertain"


class CredentialRefused(AgentServiceError):
    """401: the connection's credential is wrong or has run out."""

    code = "credential_refused"


class CredentialUnreadable(AgentServiceError):
    """The connection's own credential cannot be read from where it is stored, so nothing can be asked."""

    code = "credential_undecryptable"


class PaymentRequired(AgentServiceError):
    """402: the account behind the connection has no credits."""

    code = "payment_required"


class Denied(AgentServiceError):
    """403, or a 402 whose error code says that the plan does not allow it."""

    code = "denied"


class Rejected(AgentServiceError):
    """400 or 422, or an agent that the service does not know: repeating it cannot help."""

    code = "rejected"


class NotFound(AgentServiceError):
    """The run or the place is not there (any more, or yet)."""

    code = "not_found"


class ResultExpired(NotFound):
    """The run ended, and the service has forgotten what it left behind: it keeps that for some time only."""

    code = "result_expired"


class BadResponse(AgentServiceError):
    """The service answered with something that is not its contract."""

    code = "bad_response"


class ResponseTooLarge(AgentServiceError):
    """The answer is larger than the cap of one call."""

    code = "result_too_large"


class RedirectRefused(AgentServiceError):
    """The service wants us elsewhere. Never followed: a redirect would carry keys to another origin."""

    code = "redirect_refused"


class RunStatus(StrEnum):
    """What the service says of a run. `unknown` stands for a word that we do not know: keep asking."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Urgency(IntEnum):
    """What a call is for, the most urgent first: where calls wait for their turn, this is their order.

    `STOP` stops a run, and looks at one that is to be stopped. `FINISH` ends what is under way: a result, the
    question whether a run is over that a hint made us ask. `NEXT` starts a step of an execution that has
    begun. `POLL` only looks. `NEW` begins an execution.
    """

    STOP = 0
    FINISH = 1
    NEXT = 2
    POLL = 3
    NEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HintsOffered:
    """How a service tells that a run may be over: by `watch_run`, and by `list_active_runs`."""

    by_watching: bool = False
    by_list: bool = False


class LiveSource(StrEnum):
    """Where what a running agent does can be read without harm while it does it.

    `STREAM`: as it comes, word by word. `ROWS`: step by step, from what the service writes down.
    """

    NONE = "none"
    STREAM = "stream"
    ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTraits:
    """How a service behaves where services differ; the defaults are those of one that makes it easy.

    `makes_places`: a run has its place before its start, else with it. `finds_starts`: a lost start can
    be looked up by its place; else a person must. `wants_model`: a start naming no model gets another than
    the agent's own. `answers_in_place`: an answer goes where its question came from; else a new run is told
    all. `may_linger`: a run that is over may say for ever that it is under way. `newer_hides_runs`: a newer
    version with the same routes shows a run late. After a start (an end) a run may be NotFound for
    `run_appears_within_s` (get rows for `rows_follow_within_s`) all the same.
    """

    makes_places: bool = True
    finds_starts: bool = True
    wants_model: bool = True
    answers_in_place: bool = True
    may_linger: bool = False
    newer_hides_runs: bool = False
    live: LiveSource = LiveSource.NONE
    run_appears_within_s: float = 0.0
    rows_follow_within_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run is started with. `user_keys` maps a service's name to the user's key for it.

    `urgency` is `NEW` for the first step of an execution that has nothing finished yet.
    """

    agent_id: str
    prompt: str
    model_name: str | None = None
    user_keys: Mapping[str, SecretText] = field(default_factory=dict)
    urgency: Urgency = Urgency.NEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """What the service says of one run now. `word` is its own status word, `error` its own error text.

    `restarted` is true where the run failed because the service itself was shut down under it. `doubtful` is
    true where the service may take an end back, since it did not know better: it counts only if it lasts.
    """

    run_id: str
    place: str | None
    status: RunStatus
    word: str
    error: str | None = None
    restarted: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResponse:
    """One model call that a run made, as the service reported it: one row of the ledger.

    `source_id` is the service's own id of the response, or `<run id>:<n>` where it has none. `tokens_input`
    includes the cached ones. Token counts are None where they were not reported.
    """

    source_id: str
    provider: str | None
    model: str | None
    tokens_input: int | None
    tokens_output: int | None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    finish_reason: str | None = None
    text: str | None = None
    raw_usage: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run left behind. `structured` is an object or array that the agent submitted as such, else None.

    `asked`: it ended with a question to a human, which is `text` then, with the answers that the agent offers
    (`options`) and the names of files (`attachments`). `usage_complete` is false where the service may still
    add responses or could not be asked. `partial` is what is known of an answer that never became whole.
    `cleaned`: what cannot be stored was replaced. `unsettled`, within an adapter: what came after `partial`?
    """

    text: str | None
    structured: Any = None
    asked: bool = False
    options: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    error: str | None = None
    responses: tuple[ModelResponse, ...] = ()
    usage_complete: bool = True
    partial: str | None = None
    cleaned: bool = False
    unsettled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent of the service's catalogue."""

    agent_id: str
    name: str
    description: str
    model_name: str | None


class AgentService(Protocol):
    """One connection to the service.

    Every call has a total deadline and a size cap, and raises only `AgentServiceError`s. Only `watch_run` and
    `follow_live` may last as long as the run does.
    """

    @property
    def hints(self) -> HintsOffered:
        """Which of the two kinds of hints this service gives without harm."""
        ...

    @property
    def traits(self) -> ServiceTraits:
        """How this service behaves where services differ."""
        ...

    async def prepare_run(self, request: RunRequest) -> str | None:
        """Make a run's place with its prompt, without user keys; None where only a start makes one."""
        ...

    async def add_prompt(self, request: RunRequest, *, place: str) -> None:
        """Put a further prompt there, unless it is or the start carries it; see `traits.answers_in_place`."""
        ...

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        """Start the run. Raises StartUncertain where a run may exist all the same."""
        ...

    async def list_runs(self, place: str) -> tuple[RunView, ...]:
        """Return the runs of a place, newest first."""
        ...

    async def get_run(self, run_id: str, *, urgency: Urgency = Urgency.POLL) -> RunView:
        """Return what the service says of a run: the truth about its status."""
        ...

    async def watch_run(self, run_id: str, *, heard: Callable[[int], None]) -> bool:
        """Return when the service hints that a run may be over: True where it said so.

        False where it only stopped telling. It may never return, and what it says proves nothing: `get_run`
        does. `heard` is told how many events came, first 0 when the service begins to tell. Only where
        `hints.by_watching` says so; cancelling ends it.
        """
        ...

    async def follow_live(self, run_id: str, *, place: str | None, tell: Callable[[LiveEvent], None]) -> None:
        """Tell what a running agent does, from its beginning, until the service tells no more of it.

        It proves nothing and harms no run. Not where `traits.live` is NONE; by ROWS it never ends by itself.
        """
        ...

    async def list_active_runs(self) -> frozenset[str]:
        """Return the runs that are said to be under way, as a hint; only where `hints.by_list`."""
        ...

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        """Return what an ended run left behind."""
        ...

    async def mark_whole_answer(self, run_id: str, *, place: str | None, is_over: bool) -> str | None:
        """Return a mark of what stands in a run's place where the run has answered in full, else None.

        Equal marks: nothing changed in between. Only where `traits.may_linger`. `is_over`: it has ended.
        """
        ...

    async def stop_run(self, run_id: str) -> None:
        """Ask the service to stop a run; ask `get_run` whether it did."""
        ...

    async def list_agents(self) -> tuple[AgentView, ...]:
        """Return the whole catalogue."""
        ...

    async def get_agent(self, agent_id: str) -> AgentView:
        """Return one agent; NotFound where the service does not know it."""
        ...

    async def attach_tools(self, agent_id: str, server: ToolServer) -> tuple[str, ...]:
        """Give an agent the server; return which of its fields the service changed along, and kept so."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
