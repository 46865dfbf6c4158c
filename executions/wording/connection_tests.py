"""What a test of a connection found, in sentences: what it means, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

_OUTCOMES: Mapping[str, tuple[Any, Any]] = {
    "": (_("The connection works."), ""),
    "credential_refused": (
        _("Suna answers, but refuses the credential (401)."),
        _("Give a new one: a token of somebody who is signed in to that Suna, or an API key made there."),
    ),
    "credential_absent": (
        _("Suna answers, but wants a credential, and there is none here."),
        _("Give a token of somebody who is signed in to that Suna, or an API key made there."),
    ),
    "credential_unreadable": (
        _("The stored credential cannot be decrypted with the configured keys. Nothing was sent."),
        _("Give the credential again, or ask an operator for the encryption key that it was stored with."),
    ),
    "dns": (
        _("There is no host of that name."),
        _("Correct the address, or ask whoever runs the host for its name."),
    ),
    "not_public": (
        _("That host has an address that is not public. Nothing was sent."),
        _("An operator can list the host in RENUM_SUNA_ALLOWED_HOSTS."),
    ),
    "connection_refused": (
        _("The host is there, but nothing listens on that port."),
        _("See whether Suna is running there, and on which port."),
    ),
    "connect_timeout": (
        _("No connection came about in time."),
        _("See whether the host is up, and whether a firewall is between it and Renum."),
    ),
    "no_route": (
        _("No connection to the host comes about."),
        _("See whether Renum's network reaches that host."),
    ),
    "tls": (
        _("No secure connection comes about: the host's certificate is not accepted, or it speaks no TLS."),
        _("Renew the certificate, or have an operator name its authority in SSL_CERT_FILE."),
    ),
    "no_answer": (
        _("A connection comes about, but no answer."),
        _("See whether Suna itself runs there; its log may say more."),
    ),
    "redirect_refused": (
        _("The address leads on to another one. Renum never follows: the credential would go along."),
        _("Give the address that it leads to, if that is your Suna."),
    ),
    "rewritten_suna": (
        _("This is the rewritten Suna (projects and sessions). Renum does not speak it yet."),
        _("Use a Suna of before April 2026."),
    ),
    "unknown_suna": (
        _("Something answers, but it is no Suna that Renum knows."),
        _("Give the address of Suna's backend, which is not the one of its web pages."),
    ),
    "web_page": (
        _("A web page answers instead of Suna's API."),
        _("Give the address of Suna's backend, which is not the one of its web pages."),
    ),
    "prefix_in_address": (
        _("No Suna answers at that address."),
        _("Take the /api or /v1 off its end: Renum adds it by itself."),
    ),
    "address_malformed": (
        _("That is no address of the web."),
        _("Write an http or https address without a user, a query or a fragment."),
    ),
    "address_not_https": (
        _("A person's own connection needs an https address."),
        _("Write https, or have an operator list the host in RENUM_SUNA_ALLOWED_HOSTS."),
    ),
    "address_unknown_host": (
        _("There is no host of that name."),
        _("Correct the address, or ask whoever runs the host for its name."),
    ),
    "address_not_public": (
        _("That host has an address that is not public. Nothing was sent."),
        _("An operator can list the host in RENUM_SUNA_ALLOWED_HOSTS."),
    ),
    "service_fails": (
        _("This is a Suna, but it answers with errors."),
        _("See its log; test again when it is well."),
    ),
}
_OUTCOMES_ALIKE: Mapping[str, str] = {
    "unavailable": "no_answer",
    "credential_undecryptable": "credential_unreadable",
}
_ANY_OTHER = (
    _("Suna did not answer as it should."),
    _("Test again in a while; if it stays like this, see its log."),
)
OUTCOME_CODES = frozenset(_OUTCOMES)

_NAMES: Mapping[str, Any] = {
    "agents": _("List agents"),
    "results": _("Read results"),
    "usage": _("Tokens and cost"),
    "live": _("Live output"),
    "questions": _("Answer an agent's question"),
    "adoption": _("Find a start whose answer was lost"),
    "user_keys": _("Users' own keys"),
}
_STATES: Mapping[str, Any] = {
    "works": _("works"),
    "limited": _("in part"),
    "missing": _("does not work"),
    "absent": _("not there"),
    "unknown": _("not known"),
}
_NOT_TOLD = _("Suna did not say. Test again in a while.")
_SENTENCES: Mapping[tuple[str, str], Any] = {
    ("agents", "listed"): _("The catalogue is read, and again every hour."),
    ("agents", "agents_disabled"): _(
        "This Suna forbids to list agents, but runs them: name them by their ids. Whoever runs it can "
        "switch on its flag custom_agents."
    ),
    ("agents", "not_listed"): _("Agents cannot be listed with this credential. Name them by their ids."),
    ("results", "readable"): _("What agents answer can be read."),
    ("results", "needs_bearer"): _(
        "This Suna shows messages to a token only, not to an API key. Give a token as well, or answers "
        "stay empty."
    ),
    ("results", "by_replay"): _(
        "With an API key alone an answer is read from the run's event stream, for 24 hours after its end, or "
        "for one hour from December 2025 on. Give a token as well to read it at any time."
    ),
    ("results", "unreadable"): _("What agents answer cannot be read with this credential. Give another one."),
    ("usage", "reported"): _("Suna reports the tokens of each model call; Renum puts a price on them."),
    ("usage", "not_reported"): _("This Suna reports no tokens: the cost of its runs stays unknown."),
    ("usage", "needs_bearer"): _("Tokens stand beside the messages, which need a token. Give one as well."),
    ("live", "by_stream"): _("The text of a running agent can be followed word by word."),
    ("live", "by_rows"): _("What a running agent does can be followed step by step."),
    ("live", "none"): _("This Suna shows nothing of a run before its end."),
    ("questions", "in_thread"): _("The answer goes into the conversation of the agent that asked."),
    ("questions", "new_run"): _(
        "This Suna cannot go on with a conversation: a new run is told all of it, with the answer."
    ),
    ("questions", "not_told_apart"): _(
        "This Suna does not tell a question from an answer: what an agent asks counts as its answer."
    ),
    ("adoption", "looked_up"): _("Renum looks it up, so that no agent runs twice."),
    ("adoption", "start_uncertain"): _(
        "This Suna cannot be asked. The step then waits until a person says whether the agent ran."
    ),
    ("user_keys", "sent"): _("They are sent with the start of steps that declare their service."),
    ("user_keys", "not_allowed"): _(
        "This Suna reads them, but the connection does not allow it. Allow it to have them sent."
    ),
    ("user_keys", "sent_in_vain"): _(
        "They are sent, but this Suna does not read them: its own account pays. Forbid it, to keep them here."
    ),
    ("user_keys", "ignored"): _("This Suna does not read them, so none are sent: its own account pays."),
}
FINDING_SENTENCES = frozenset(_SENTENCES)


def outcome_words(code: str) -> tuple[str, str]:
    """Return what a test's code means, and what to do; the latter is empty where there is nothing to do."""
    meaning, remedy = _OUTCOMES.get(_OUTCOMES_ALIKE.get(code, code), _ANY_OTHER)
    return str(meaning), str(remedy)


def finding_words(name: str, state: str, code: str) -> tuple[str, str, str]:
    """Return the name of what was looked at, how it is with it, and the sentence about it."""
    sentence = _SENTENCES.get((name, code), _NOT_TOLD)
    return str(_NAMES.get(name, name)), str(_STATES.get(state, state)), str(sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingWords:
    """One thing that a team may need, in words beside its codes."""

    name: str
    title: str
    state: str
    state_words: str
    code: str
    message: str


def findings_in_words(result: Mapping[str, Any]) -> tuple[FindingWords, ...]:
    """Return the findings of a stored test in the reader's language."""
    found = []
    for finding in result.get("findings") or ():
        name, state, code = finding["name"], finding["state"], finding["code"]
        title, state_words, message = finding_words(name, state, code)
        words = FindingWords(
            name=name, title=title, state=state, state_words=state_words, code=code, message=message
        )
        found.append(words)
    return tuple(found)


def sync_words(code: str) -> str:
    """Return why the agents of a connection are not listed; "" for no code."""
    if not code:
        return ""
    if code == "agents_disabled":
        return str(_SENTENCES["agents", "agents_disabled"])
    meaning, remedy = outcome_words(code)
    return f"{meaning} {remedy}".strip()
