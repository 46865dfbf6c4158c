"""How the terminal says things: reasons, spans of time, money, and text of agents made fit to be printed."""

import datetime as dt
import unicodedata
from collections.abc import Mapping
from typing import Any

from renum_site.demo.seen import Figures, StepSeen


def describe_reason(code: str, params: Mapping[str, Any]) -> str:
    """Return why a step stands where it stands, in a few words; empty where there is nothing to say."""
    if code == "condition_false" and params.get("else"):
        return f"{' and '.join(params.get('matched', []))} was taken"
    if code == "condition_false" and params.get("operator") == "equals" and "seen" in params:
        field = str(params["field"]).rpartition(".")[2]
        return f"{field} is {params['seen']}, not {params['value']}"
    if params.get("steps"):
        return f"{code.replace('_', ' ')}: {', '.join(params['steps'])}"
    return code.replace("_", " ")


def describe_status(step: StepSeen) -> str:
    """Return a step's status, with its reason where it has one."""
    reason = describe_reason(step.code, step.params)
    return f"{step.status}: {reason}" if reason else step.status


def describe_seconds(step: StepSeen, *, now: dt.datetime) -> str:
    """Return how long a step took, or has been running at `now`."""
    if step.started_at is None:
        return ""
    return f"{max(0.0, ((step.finished_at or now) - step.started_at).total_seconds()):.1f}"


def describe_cost(figures: Figures) -> str:
    """Return the cost to the last digit; what has no price is said beside it, never counted as nothing."""
    known = f"${figures.cost_usd.normalize():f}"
    return f"{known} + {figures.unpriced} unpriced" if figures.unpriced else known


def describe_tokens(figures: Figures) -> str:
    """Return the tokens that went in and came out."""
    return f"{figures.tokens_input} in, {figures.tokens_output} out"


def printable(text: str) -> str:
    """Return a text without characters that steer a terminal or turn its direction, line ends aside."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf"))
