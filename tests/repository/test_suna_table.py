"""docs/suna.md says of each wire profile what its code says of itself."""

from collections.abc import Callable, Iterator

import pytest

from executions.actions.connection_findings import judge_probe
from executions.suna.probe import Probed, Seen
from executions.suna.wire import PROFILES, Capabilities
from tests.repository.messages import ROOT

LOOKED_AT = ("run", "agents", "thread_runs", "result", "active_runs")
LIVE = {"none": "none", "stream": "as it comes", "rows": "step by step"}

TESTED = {"questions": "Answer to a question", "live": "Live output", "user_keys": "User keys"}
STATES = {
    "same thread": "works",
    "new thread": "limited",
    "as it comes": "works",
    "step by step": "limited",
    "read": "works",
    "ignored": "absent",
    "none": "absent",
}


def start_of(name: str, known: Capabilities) -> str:
    if not known.makes_threads:
        return "form, makes its thread"
    if known.prompt_before_start:
        return "JSON, prompt put before"
    return "JSON, with the prompt" if name == "seed" else "form, with the prompt"


def result_of(name: str, known: Capabilities) -> str:
    if name == "seed":
        return "a route of its own"
    return "the thread's rows" if known.reads_rows else "the run's stream"


def hints_of(name: str, known: Capabilities) -> str:
    hints = [("stream", known.streams_safely), ("list", known.lists_active_runs)]
    return ", ".join(word for word, is_given in hints if is_given) or "none"


def answer_of(known: Capabilities) -> str:
    if not known.tells_questions:
        return "none"
    return "same thread" if known.answers_in_thread else "new thread"


COLUMNS: dict[str, Callable[[str, Capabilities], str]] = {
    "Start": start_of,
    "Lost start": lambda name, known: (
        "looked up" if known.makes_threads and known.lists_runs else "a person decides"
    ),
    "Result": result_of,
    "Tokens": lambda name, known: "with the result" if known.reports_usage else "usage logs, or unknown",
    "Live output": lambda name, known: LIVE[known.live],
    "Answer to a question": lambda name, known: answer_of(known),
    "Hints of the end": hints_of,
    "Model": lambda name, known: "named" if known.wants_model else "the agent's own",
    "User keys": lambda name, known: "read" if known.honours_user_keys else "ignored",
}


def rows() -> Iterator[dict[str, str]]:
    lines = (ROOT / "docs" / "suna.md").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| Profile | Start |"))
    header = [cell.strip() for cell in lines[start].strip("|").split("|")]
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield dict(zip(header, (cell.strip() for cell in line.strip("|").split("|")), strict=True))


def test_the_table_has_every_profile_once() -> None:
    assert [row["Profile"].strip("`") for row in rows()] == list(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_the_table_says_what_the_profile_says(name: str) -> None:
    (row,) = (row for row in rows() if row["Profile"] == f"`{name}`")
    told = PROFILES[name].capabilities

    assert {column: row[column] for column in COLUMNS} == {
        column: words(name, told) for column, words in COLUMNS.items()
    }
    assert row["Limits told"]


@pytest.mark.parametrize("name", PROFILES)
def test_the_table_and_a_test_of_a_connection_agree(name: str) -> None:
    (row,) = (row for row in rows() if row["Profile"] == f"`{name}`")
    probed = Probed(**dict.fromkeys(LOOKED_AT, Seen.WORKS), latency_s=0.1, said_time=None, account_id=None)
    known = PROFILES[name].capabilities

    judged = judge_probe(
        probed, profile=name, capabilities=known, has_bearer=True, sends_user_keys=known.honours_user_keys
    )

    states = {finding.name: finding.state for finding in judged}
    told = {name: STATES[row[column]] for name, column in TESTED.items()}
    assert {name: states[name] for name in TESTED} == told
