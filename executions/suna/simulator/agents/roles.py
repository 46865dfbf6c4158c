"""The part that a prompt gives to its agent: the line `Your role: <role>`."""

import re
from dataclasses import dataclass

from executions.suna.simulator.agents.language import fold

_ROLE_LINE = re.compile(
    r"^[ \t]*(?:your role|seu papel)[ \t]*:[ \t]*(.+?)[ \t]*$", re.IGNORECASE | re.MULTILINE
)

# Part and the stems that name it, English and Portuguese, accents folded. The first that fits is taken, so
# the narrow ones stand above the wide ones.
_STEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("technical_support", ("technical", "tech support", "tecnic", "troubleshoot", "help desk", "helpdesk")),
    ("billing_support", ("billing", "cobranca", "faturamento", "finance", "financeir", "payments")),
    ("sales", ("sales", "vendas", "vendedor", "comercial")),
    ("classifier", ("classif", "triage", "triagem", "router", "roteador", "categori")),
    ("fact_checker", ("fact check", "fact-check", "checador", "verificador", "verifier")),
    ("researcher", ("research", "pesquis", "investig")),
    ("analyst", ("analy", "analis")),
    ("summarizer", ("summar", "resum", "sintetiz")),
    ("translator", ("translat", "tradu")),
    ("planner", ("plan", "strateg", "estrateg")),
    ("critic", ("critic",)),
    ("reviewer", ("review", "revis", "qa ", "quality", "qualidade")),
    ("editor", ("edit",)),
    ("writer", ("writ", "redat", "redac", "escrit", "author", "autor", "copy", "report")),
    ("technical_support", ("support", "suporte", "atendimento")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`part` is what the simulator can play, `name` what the prompt calls it."""

    part: str
    name: str


def find_role(prompt: str) -> Role | None:
    """Return the role that the first role line names, or None where there is no such line."""
    found = _ROLE_LINE.search(prompt)
    if found is None:
        return None
    name = found[1][:60]
    return Role(part=part_of(name), name=name)


def part_of(name: str) -> str:
    """Return the part for a role's name; `assistant` for one that nobody here plays."""
    folded = fold(name).replace("_", " ").replace("-", " ") + " "
    for part, stems in _STEMS:
        if any(stem.replace("-", " ") in folded for stem in stems):
            return part
    return "assistant"


def without_role_line(prompt: str) -> str:
    """Return the prompt without its role line."""
    return _ROLE_LINE.sub("", prompt, count=1)
