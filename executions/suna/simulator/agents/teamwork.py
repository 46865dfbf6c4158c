"""What an agent that has its team's tools does with them, by its part, before it answers.

A researcher notes what it found, asks the analyst and takes the reply into its answer; an analyst answers and
notes its conclusion; a writer reads what is shared and submits a structured result. Any other part leaves the
tools alone. Nothing here knows a network: the tools are given.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from executions.suna.simulator.agents.language import Language, find_language
from executions.suna.simulator.agents.roles import part_of
from executions.suna.simulator.agents.script import Script, Turn
from executions.suna.simulator.agents.topics import body_of, find_topics
from executions.suna.simulator.agents.usage import tokens_of_text

PATIENCE = 120
"""So often an inbox is read before a message that does not come is given up."""

_SERVER = re.compile(r'MCP server "[^"\n]*" \((https?://[^)\s]+)\)')
_TOKEN = re.compile(r"rnt_[\w-]{48}")
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "progress": "Sources read, asking the analyst",
        "question": "What weighs more here, {a} or {b}?",
        "nobody": "no view on that",
        "reply": "{a} weighs more: {b} is thinly supported.",
        "conclusion": "act on {a}, measure {b}",
        "heard": "The analyst says: {text}",
        "title": "{a} and {b}: what to know",
    },
    "pt": {
        "progress": "Fontes lidas, perguntando ao analista",
        "question": "O que pesa mais aqui, {a} ou {b}?",
        "nobody": "sem opinião sobre isso",
        "reply": "{a} pesa mais: {b} tem pouca evidência.",
        "conclusion": "agir sobre {a}, medir {b}",
        "heard": "O analista diz: {text}",
        "title": "{a} e {b}: o que saber",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The team's MCP server, as a prompt names it."""

    address: str
    token: str


class Tools(Protocol):
    """The team's tools."""

    async def call(self, tool: str, **arguments: Any) -> Mapping[str, Any]:
        """Call one. Raises ToolRefused."""
        ...

    async def wait(self) -> None:
        """Wait a moment before an inbox is read again."""
        ...


class ToolRefused(Exception):
    """A tool did not do it, or could not be called; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call that was made, with what was given to it."""

    tool: str
    arguments: Mapping[str, Any]


def find_server(prompt: str) -> Server | None:
    """Return the server that a prompt names with a token, or None."""
    address, token = _SERVER.search(prompt), _TOKEN.search(prompt)
    return Server(address=address[1], token=token[0]) if address and token else None


async def work_with_team(part: str, prompt: str, tools: Tools) -> str:
    """Do the part's share; return what the answer says of it, "" for nothing. Raises ToolRefused."""
    topics = find_topics(prompt)
    words = dict(zip("abcd", topics.words, strict=True))
    said = {name: text.format(**words, text="{text}") for name, text in _WORDS[_language(prompt)].items()}
    if part == "researcher":
        facts = {"subject": topics.subject, "figures": list(topics.numbers)}
        return await _research(tools, facts, said)
    if part == "analyst":
        await _analyse(tools, said)
    elif part == "writer":
        await _write(tools, said)
    return ""


def with_calls(script: Script, calls: Sequence[Called], *, token: str, said: str) -> Script:
    """Return the script of a run that made these calls, each in a model call of its own before the answer.

    An agent gives its token with every call, so that Suna's rows of the run hold it.
    """
    *before, last = script.turns
    asked = last.tokens_input
    turns = []
    for called in calls:
        argument = json.dumps({**called.arguments, "token": token}, ensure_ascii=False)
        told = tokens_of_text(argument)
        turns.append(
            Turn(
                text="",
                tool=called.tool,
                argument=argument,
                tokens_input=asked,
                tokens_output=told,
                tokens_cached=0,
            )
        )
        asked += told
    text = f"{last.text}\n\n{said}" if said else last.text
    told = last.tokens_output + (tokens_of_text(said) if said else 0)
    answer = dataclasses.replace(last, text=text, tokens_input=asked, tokens_output=told)
    return dataclasses.replace(script, turns=(*before, *turns, answer))


async def _research(tools: Tools, facts: Mapping[str, Any], said: Mapping[str, str]) -> str:
    analyst = await _find(tools, "analyst")
    await tools.call("context_set", key="facts", value=facts)
    if analyst is None:
        return ""
    await tools.call("report_progress", text=said["progress"])
    asked = await tools.call(
        "message_request", text=said["question"], to=analyst, timeout_s=60, default=said["nobody"]
    )
    reply = await _hear(tools, lambda message: message["reply_to"] == asked["mark"])
    return said["heard"].replace("{text}", reply["text"]) if reply else ""


async def _analyse(tools: Tools, said: Mapping[str, str]) -> None:
    researcher = await _find(tools, "researcher")
    if researcher is not None:
        request = await _hear(tools, lambda message: message["kind"] == "request")
        if request:
            await tools.call("message_send", text=said["reply"], reply_to=request["mark"])
    await tools.call("context_set", key="conclusion", value=said["conclusion"])


async def _write(tools: Tools, said: Mapping[str, str]) -> None:
    entries = (await tools.call("context_list"))["entries"]
    sources = {entry["key"]: entry["author"] for entry in entries}
    conclusion = next((entry["value"] for entry in entries if entry["key"] == "conclusion"), "")
    result = {"title": said["title"], "conclusion": str(conclusion), "sources": sources}
    await tools.call("submit_result", value=result)


async def _find(tools: Tools, part: str) -> str | None:
    """Return the step of that part that hears messages."""
    about = await tools.call("team_about")
    names = [
        str(step["step"])
        for step in about["team"]
        if step["hears_messages"] and step["role"] and part_of(step["role"]) == part
    ]
    return names[0] if names else None


async def _hear(tools: Tools, wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any] | None:
    """Return the first message that is wanted, as soon as it is there; None where none comes."""
    after = 0
    for _ in range(PATIENCE):
        for message in (await tools.call("message_inbox", after=after))["messages"]:
            if wanted(message):
                return dict(message)
            after = message["number"]
        await tools.wait()
    return None


def _language(prompt: str) -> Language:
    return find_language(body_of(prompt))
