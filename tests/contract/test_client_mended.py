"""What a Suna does between its versions and at their edges: each was once read wrong, over real HTTP."""

import asyncio
import base64
import datetime as dt
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from executions.agent_service import (
    BadResponse,
    CredentialRefused,
    NotFound,
    Rejected,
    RunRequest,
    RunResult,
    RunStatus,
    SecretText,
    StartUncertain,
    Unavailable,
)
from executions.suna.credential import SunaCredential
from executions.suna.probe import Seen, probe_suna
from executions.suna.wire import PROFILES
from tests.contract.clients import REQUEST, TOKEN, client_to
from tests.contract.contract_steps import begin, follow
from tests.contract.raw_server import Request, Respond, answer, json_answer, serve
from tests.contract.recordings import load, load_stream
from tests.contract.simulated_suna import SimulatedSuna, simulate
from tests.contract.targets import API_KEY
from tests.contract.test_client_results import assistant, row, user

KEY = SunaCredential(api_key=SecretText(API_KEY))
C0, C1 = "2025-10", "2025-12"


@contextmanager
def playing(profile: str, variant: str | None, folder: Path, **options: Any) -> Iterator[SimulatedSuna]:
    with simulate(profile, variant, folder=folder, tokens=[TOKEN, API_KEY]) as suna:
        suna.set_options(**options)
        yield suna


def ask(script: dict[str, Any], agent_id: str = "agent-123") -> RunRequest:
    prompt = f"Find facts about tides. @@sim{json.dumps(script)}"
    return RunRequest(agent_id=agent_id, prompt=prompt, model_name="openai/gpt-4o-mini")


async def finish(suna: SimulatedSuna, script: dict[str, Any], **options: Any) -> tuple[RunStatus, RunResult]:
    async with client_to(suna.url, **options) as client:
        run = await begin(client, ask(script))
        view = await follow(client, run.run_id)
        return view.status, await client.get_result(run.run_id, place=run.place)


def jwt(*, runs_out_in_s: float) -> str:
    parts = ({"alg": "HS256"}, {"sub": "somebody", "exp": int(time.time() + runs_out_in_s)})
    packed = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*packed, "signature"])


class TestNativeCallsOf202510:
    @pytest.mark.parametrize("case", ["text", "ask", "complete"])
    async def test_rows_and_replays_of_the_build_after_it_are_read_alike_through_both(self, case):
        final = load(C1, f"{case}-run-final")["body"]
        rows = load(C1, f"{case}-messages")["body"]
        stream = load_stream(C1, f"{case}-stream-late")

        async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
            if request.path.endswith("/stream"):
                writer.write(answer(200, stream, content_type="text/event-stream"))
            elif "x-api-key" in request.headers:
                writer.write(json_answer(403, {"detail": "Authentication required for private threads"}))
            else:
                writer.write(json_answer(200, rows))

        read = {}
        async with serve(respond) as server:
            for profile in (C0, C1):
                async with client_to(server.url, profile=profile) as client:
                    read[profile] = await client.get_result(final["id"], place=final["threadId"])
            async with client_to(server.url, profile=C0, credential=KEY) as client:
                replayed = await client.get_result(final["id"], place=final["threadId"])
        assert read[C0] == read[C1]
        assert read[C0].text
        assert (replayed.text, replayed.asked) == (read[C0].text, read[C0].asked)
        assert read[C0].asked is (case == "ask")

    @pytest.mark.parametrize("native", [True, False])
    @pytest.mark.parametrize("credential", ["bearer", "api_key"])
    async def test_a_run_of_either_build_is_read(self, native, credential, tmp_path):
        options = {"profile": C0} | ({"credential": KEY} if credential == "api_key" else {})
        with playing(C0, None, tmp_path, native_calls=native, jwt_reads=native) as suna:
            status, asked = await finish(suna, {"ask": "Which city?", "responses": 2}, **options)
            _, done = await finish(suna, {"complete": "It is done.", "text": "Beside."}, **options)
            _, plain = await finish(suna, {"text": "Plain."}, **options)
        assert (status, asked.text, asked.asked) == (RunStatus.COMPLETED, "Which city?", True)
        assert [(one.text, one.asked) for one in (done, plain)] == [("It is done.", False), ("Plain.", False)]


class TestARunThatWentOnAfterItsLastWord:
    @pytest.mark.parametrize("partial", [True, False])
    @pytest.mark.parametrize("name", ["2025-07/b0", "2025-08/b1", "2025-08/b2", "2025-10/c0"])
    async def test_a_model_that_fails_in_a_later_call_leaves_an_error_and_no_answer(
        self, name, partial, tmp_path
    ):
        profile, _, variant = name.partition("/")
        with playing(profile, variant, tmp_path) as suna:
            script = {"fail": "no such model", "fails_at": 2, "responses": 3, "partial": partial}
            status, result = await finish(suna, script, profile=profile)
        assert result.text is None
        assert result.partial
        if variant in ("b0", "b1"):
            assert status is RunStatus.COMPLETED
            assert "no such model" in (result.error or "")
        else:
            assert status is RunStatus.FAILED

    async def test_one_that_met_no_error_has_said_its_answer(self):
        """As where the number of its calls was at its limit."""
        rows = [user("go", number=1), assistant("Said.", number=2), row("tool", {"content": "ok"}, number=3)]
        stream = b'data: {"type": "status", "status": "completed"}\n\n'
        result = await self.read(rows, answer(200, stream, content_type="text/event-stream"))
        assert (result.text, result.partial, result.error) == ("Said.", None, None)

    async def test_an_error_behind_its_last_word_is_its_end_and_one_before_is_not(self):
        failed = row("status", {"status_type": "error", "message": "gone"}, number=3)
        rows = [user("go", number=1), assistant("Said.", number=2), failed]
        result = await self.read(rows, json_answer(500, {"detail": "not asked"}))
        assert (result.text, result.partial, result.error) == (None, "Said.", "gone")
        result = await self.read([rows[0], rows[2], rows[1]], json_answer(500, {"detail": "not asked"}))
        assert (result.text, result.error) == ("Said.", None)

    async def test_while_nobody_can_tell_it_has_no_result(self):
        rows = [user("go", number=1), assistant("Said.", number=2), row("tool", {"content": "ok"}, number=3)]
        with pytest.raises(Unavailable):
            await self.read(rows, json_answer(503, {"detail": "away"}))

    async def read(self, rows: list[dict[str, Any]], stream: bytes) -> RunResult:
        async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
            is_stream = request.path.endswith("/stream")
            writer.write(stream if is_stream else json_answer(200, {"messages": rows}))

        async with serve(respond) as server, client_to(server.url) as client:
            return await client.get_result("r-1", place="t-1")


class TestAnExpiredJwtBesideAnApiKey:
    @pytest.fixture(params=["2025-12/c1", "2025-12/c2", "2026-01/d"])
    def suna(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, SimulatedSuna]]:
        profile, _, variant = request.param.partition("/")
        with playing(profile, None if variant == "d" else variant, tmp_path) as opened:
            yield profile, opened

    @staticmethod
    def both(token: str) -> SunaCredential:
        return SunaCredential(bearer=SecretText(token), api_key=SecretText(API_KEY))

    async def test_nothing_is_started_with_it_by_the_clock_of_suna(self, suna):
        profile, opened = suna
        async with client_to(
            opened.url, profile=profile, credential=self.both(jwt(runs_out_in_s=-300))
        ) as client:
            # The first answer tells Suna's clock; nothing of a host's counts.
            await client.list_agents()
            with pytest.raises(CredentialRefused):
                await client.prepare_run(ask({"text": "x"}))
            with pytest.raises(CredentialRefused):
                await client.start_run(ask({"text": "x"}), place=str(uuid4()))
        assert opened.starts() == 0

    async def test_one_that_may_still_be_good_is_let_through(self, suna):
        profile, opened = suna
        async with client_to(
            opened.url, profile=profile, credential=self.both(jwt(runs_out_in_s=-20))
        ) as client:
            await client.list_agents()
            run = await begin(client, ask({"text": "x"}))
            await follow(client, run.run_id)
            # And what it cannot read waits for a better one.
            with pytest.raises(CredentialRefused):
                await client.get_result(run.run_id, place=run.place)
        async with client_to(opened.url, profile=profile, credential=self.both(TOKEN)) as client:
            assert (await client.get_result(run.run_id, place=run.place)).text

    async def test_the_hosts_clock_is_not_asked(self, suna, monkeypatch):
        profile, opened = suna

        class Later(dt.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return dt.datetime(2099, 1, 1, tzinfo=tz)

        monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
        monkeypatch.setattr(dt, "datetime", Later)
        credential = self.both(jwt(runs_out_in_s=-4_000_000_000 + 4_070_000_000))
        async with client_to(opened.url, profile=profile, credential=credential) as client:
            await client.list_agents()
            assert await client.prepare_run(ask({"text": "x"}))

    async def test_a_test_of_the_connection_says_so(self, suna):
        profile, opened = suna
        for token, expired in ((jwt(runs_out_in_s=-300), True), (jwt(runs_out_in_s=300), False)):
            probed = await probe_suna(
                base_url=opened.url,
                credential=self.both(token),
                profile=profile,
                capabilities=PROFILES[profile].capabilities,
            )
            # A thread that nobody has is not found, whoever asks.
            assert (probed.result, probed.jwt_expired) == (Seen.WORKS, expired)


async def test_of_a_late_2025_10_the_rows_wait_for_a_good_jwt(tmp_path):
    both = SunaCredential(bearer=SecretText(jwt(runs_out_in_s=-20)), api_key=SecretText(API_KEY))
    with playing(C0, None, tmp_path, jwt_reads=True) as suna, pytest.raises(CredentialRefused):
        await finish(suna, {"text": "x"}, profile=C0, credential=both)


def failing_agent(detail: str, *, agents: list[str], catalogue: int = 200) -> Respond:
    """Return a responder whose agents are a 500 each, with a catalogue, and whose starts are 500s too."""

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/agents"):
            listed = {"agents": [{"agent_id": one, "name": one} for one in agents], "pagination": {}}
            writer.write(json_answer(catalogue, listed if catalogue == 200 else {"detail": "closed"}))
        elif request.path.endswith("/agent-runs"):
            writer.write(json_answer(200, {"agent_runs": []}))
        else:
            writer.write(json_answer(500, {"detail": detail}))

    return respond


class TestAgentsThatAreNotThere:
    SENTENCE = "Failed to fetch agent. Please try again later."

    @pytest.mark.parametrize("profile", ["2025-08", "2025-10", "2025-12", "2026-01"])
    async def test_a_500_without_words_is_a_missing_agent_where_the_catalogue_does_not_have_it(self, profile):
        mine, other = str(uuid4()), str(uuid4())
        respond = failing_agent(self.SENTENCE, agents=[other])
        async with serve(respond) as server, client_to(server.url, profile=profile) as client:
            with pytest.raises(NotFound):
                await client.get_agent(mine)
            with pytest.raises(Rejected):
                await client.start_run(RunRequest(agent_id=mine, prompt="x", model_name="m"), place="t-1")
            # One that is there has another problem.
            with pytest.raises(Unavailable):
                await client.get_agent(other)

    async def test_where_the_catalogue_cannot_be_read_it_stays_a_failure(self):
        respond = failing_agent(self.SENTENCE, agents=[], catalogue=503)
        async with serve(respond) as server, client_to(server.url) as client:
            with pytest.raises(Unavailable):
                await client.get_agent(str(uuid4()))

    @pytest.mark.parametrize(
        ("profile", "place"), [("2025-07", None), ("2025-08", "t-1"), ("2025-10", "t-1")]
    )
    @pytest.mark.parametrize("catalogue", [200, 403])
    async def test_an_id_that_no_agent_can_have_is_rejected(self, profile, place, catalogue):
        respond = failing_agent("invalid input syntax for type uuid", agents=[], catalogue=catalogue)
        async with serve(respond) as server, client_to(server.url, profile=profile) as client:
            with pytest.raises(Rejected):
                await client.start_run(REQUEST, place=place)
        assert len([one for one in server.requests if one.method == "POST"]) == 1

    async def test_an_id_that_this_suna_has_is_started_whatever_it_looks_like(self, tmp_path):
        with playing("2025-07", None, tmp_path) as suna:
            async with client_to(suna.url, profile="2025-07") as client:
                assert (await client.start_run(ask({"text": "x"}), place=None)).run_id
                suna.fail("agent.start", kind="status", status=500, body="Failed", when="after")
                with pytest.raises(StartUncertain):
                    await client.start_run(ask({"text": "x"}), place=None)


async def test_a_run_that_is_not_listed_beside_others_has_no_result_yet():
    rows = [user("one", number=1), assistant("First.", number=2), user("two", number=3)]
    listed = [{"id": "r-1", "thread_id": "t-1", "status": "completed", "started_at": "2026-11-22T12:00:00Z"}]

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        is_list = request.path.endswith("/agent-runs")
        writer.write(json_answer(200, {"agent_runs": listed} if is_list else {"messages": rows}))

    async with serve(respond) as server, client_to(server.url) as client:
        with pytest.raises(BadResponse):
            await client.get_result("r-2", place="t-1")


class TestUsageLogsOf202507:
    """Rows are newest first; the run of these began at 11:53:37 on 22 November 2026."""

    async def read(self, pages: list[list[dict[str, Any]]]) -> tuple[bool, list[str], int]:
        run = load("2025-07", "text-run-final")["body"]
        runs, stream = load("2025-07", "text-thread-runs")["body"], load_stream("2025-07", "text-stream-late")

        async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
            if request.path.endswith("/stream"):
                writer.write(answer(200, stream, content_type="text/event-stream"))
            elif request.path.endswith("/usage-logs"):
                page = int(request.target.partition("page=")[2].partition("&")[0])
                body = {"logs": pages[page], "has_more": page + 1 < len(pages)}
                writer.write(json_answer(200, body))
            else:
                writer.write(json_answer(200, runs))

        async with serve(respond) as server, client_to(server.url, profile="2025-07") as client:
            result = await client.get_result(run["id"], place=run["threadId"])
        pages_read = [one for one in server.requests if one.path.endswith("/usage-logs")]
        return result.usage_complete, [one.source_id for one in result.responses], len(pages_read)

    @staticmethod
    def log(name: str, at: str) -> dict[str, Any]:
        thread = load("2025-07", "text-run-final")["body"]["threadId"] if name.startswith("mine") else "other"
        content = {"usage": {"prompt_tokens": 1, "completion_tokens": 1}, "model": "m"}
        return {"message_id": name, "thread_id": thread, "created_at": at, "content": content}

    async def test_is_read_to_the_first_page_that_reaches_back_before_the_run(self):
        first = [self.log("mine", "2026-11-22T11:54:00+00:00"), self.log("a", "2026-11-22T11:00:00+00:00")]
        later = [[self.log(f"b{page}", f"2026-11-{20 - page}T10:00:00+00:00")] for page in range(9)]
        assert await self.read([first, *later]) == (True, ["mine"], 1)

    async def test_goes_on_while_all_is_younger_or_in_no_order(self):
        young = [self.log("mine2", "2026-11-22T12:54:00+00:00"), self.log("a", "2026-11-22T12:00:00+00:00")]
        odd = [self.log("a", "2026-11-22T10:54:00+00:00"), self.log("mine1", "2026-11-22T11:55:00+00:00")]
        old = [self.log("b", "2026-11-01T10:00:00+00:00")]
        found = await self.read([young, odd, old, old])
        assert found == (True, ["mine2", "mine1"], 3)

    async def test_of_another_month_than_the_runs_tells_too_little(self):
        assert await self.read([[self.log("mine", "2026-12-01T00:00:10+00:00")]]) == (False, ["mine"], 1)


@pytest.mark.parametrize(("profile", "variant"), [(C0, "c0"), (C1, "c1")])
async def test_a_long_answer_in_pieces_as_small_as_tokens_is_replayed_within_its_cap(
    profile, variant, tmp_path
):
    options = {"profile": profile, "credential": KEY, "max_response_bytes": 128 * 1024}
    if variant == "c1":
        options["learned"] = {"streams_safely": True, "live": "stream"}
    with playing(profile, variant, tmp_path, piece_chars=4, native_calls=True, jwt_reads=True) as suna:
        said = "Twelve kilobytes, by four. " * 444
        _, result = await finish(suna, {"complete": said}, **options)
        assert result.text == said.strip()
        _, result = await finish(suna, {"text": said}, **options)
        assert result.text == said.strip()
