"""The contract of the design document itself, completed where it is silent (design §6).

The prompt travels in the start, the result has a route of its own, and users' own keys are read.
"""

import json
from collections.abc import Mapping, Sequence

from executions.agent_service import BadResponse, ModelResponse, RunRequest, RunResult, RunView
from executions.suna.wire import runs
from executions.suna.wire.api_calls import ApiCalls, check_request, named_model
from executions.suna.wire.call import Call, quote_id
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.runs import RunRow
from executions.suna.wire.usage import split_model
from executions.suna.wire.values import (
    Json,
    clean_text,
    is_storable,
    parse_object,
    read_rows,
    short_text,
    storable,
    token_count,
)


class Seed(ApiCalls):
    """The profile `seed`."""

    name = "seed"
    capabilities = Capabilities(
        streams_safely=False,
        lists_runs=True,
        lists_active_runs=False,
        reports_usage=True,
        prompt_before_start=False,
        honours_user_keys=True,
        wants_model=False,
        # The document has no questions (suna-contract §1.4): what an agent asks is its output like any text.
        tells_questions=False,
        agents_have_uuids=False,
        edits_agents=False,
    )

    def put_prompt(self, request: RunRequest, *, place: str) -> Call | None:
        """Return None: the start carries the prompt."""
        return None

    def start(self, request: RunRequest, *, place: str | None) -> Call:
        """Build the start, with the prompt."""
        check_request(request)
        fields = {"agent_id": request.agent_id, "initial_prompt": request.prompt, **named_model(request)}
        return self.build_start(place, fields)

    def read_start(self, body: bytes, *, place: str | None) -> RunView:
        """Return the run that was started."""
        return runs.read_start(body, place=place)

    def read_run(self, body: bytes, *, run_id: str) -> RunView:
        """Return one run."""
        return runs.read_run(body, run_id=run_id, thread_key="thread_id")

    def get_result(self, *, run_id: str, place: str) -> Call:
        """Build the call for the run's result."""
        return Call(method="GET", path=f"/api/agent-run/{quote_id(run_id, what='the run id')}/results")

    def read_result(self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None) -> RunResult | None:
        """Return what the run left behind. An object or a list counts as submitted as such."""
        answer = parse_object(body)
        if answer.get("agent_run_id") not in (None, run_id):
            raise BadResponse("the result is another run's")
        if "output" not in answer:
            raise BadResponse("the result has no output")
        text, structured = _read_output(answer["output"])
        usage = read_rows(answer, "usage") if answer.get("usage") is not None else []
        responses = {
            response.source_id: response
            for number, row in enumerate(usage, start=1)
            for response in [_build_response(row, run_id=run_id, number=number)]
        }
        return RunResult(
            text=text,
            structured=structured,
            responses=tuple(responses.values()),
            cleaned=not is_storable(answer["output"]),
        )

    def find_error(self, result: RunResult, *, run_id: str) -> Call | None:
        """Return None: the run itself tells its error."""
        return None

    def read_error(self, body: bytes) -> str | None:
        """Return None: nothing is asked."""
        return None


def _read_output(output: Json) -> tuple[str | None, Json]:
    if output is None:
        return None, None
    if isinstance(output, str):
        return clean_text(output), None
    if isinstance(output, dict | list):
        structured = storable(output)
        return json.dumps(structured, ensure_ascii=False), structured
    raise BadResponse("output is neither a text nor an object")


def _build_response(row: Mapping[str, Json], *, run_id: str, number: int) -> ModelResponse:
    prefix, model = split_model(short_text(row.get("model"), max_chars=255))
    return ModelResponse(
        source_id=short_text(row.get("id"), max_chars=200) or f"{run_id}:{number}",
        provider=short_text(row.get("provider"), max_chars=100) or prefix,
        model=model,
        tokens_input=token_count(row.get("prompt_tokens")),
        tokens_output=token_count(row.get("completion_tokens")),
        raw_usage=storable(dict(row)),
    )
