"""Times, spans, counts and money as pages write them, in the reader's language and time zone."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from teams.markdown import make_visible, render_markdown
from teams.markdown.leaving import is_leavable, leave_address
from teams.wording.browsers import browser_words

register = template.Library()

_SMALL = Decimal("0.001")
_KEPT_CHARS, _KEPT_TEXTS = 30_000, 256
# A page that is followed live is made anew with each change, most of its texts as they were.
_render_kept = lru_cache(maxsize=_KEPT_TEXTS)(render_markdown)


@register.simple_tag
def moment(value: dt.datetime | None) -> str:
    """Return a moment as a <time> element, "" for none."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        local.tzname() or "",
        formats.date_format(local, "j M Y, H:i"),
    )


@register.filter
def count(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return formats.number_format(value, decimal_pos=0, use_l10n=True, force_grouping=True)


@register.filter
def usd(amount: Decimal) -> str:
    """Return US dollars: four decimal places, more where the amount is below a tenth of a cent."""
    places = 4 if amount == 0 or amount >= _SMALL else 6
    return _("$%(amount)s") % {
        "amount": formats.number_format(amount, decimal_pos=places, force_grouping=True)
    }


@register.filter
def usd_limit(amount: Decimal) -> str:
    """Return US dollars with two decimal places, more only where the amount has them: $25.00, $0.005."""
    exponent = amount.normalize().as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return _("$%(amount)s") % {
        "amount": formats.number_format(amount, decimal_pos=places, force_grouping=True)
    }


@register.filter
def span(seconds: float | None) -> str:
    """Return a span of time as 2:07 or 1:02:07, "" for none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def markdown(text: str, top_heading: int = 3) -> str:
    """Return what an agent or a person wrote as safe HTML; its first headings get the level `top_heading`."""
    render = render_markdown if len(text) > _KEPT_CHARS else _render_kept
    return render(text, top_heading=top_heading)


@register.filter
def visible(text: object) -> str:
    """Return a text for one line or a <pre>, with each character that hides or turns text named."""
    return make_visible(str(text))


@register.filter
def browser(user_agent: str) -> str:
    """Return what people call the browser that signed in."""
    return browser_words(user_agent)


@register.simple_tag
def leave_link(address: str) -> str:
    """Return the path of the page that asks before anybody leaves to the address; "" for no web address."""
    return leave_address(address) if is_leavable(address) else ""


@register.filter
def more_span(seconds: int | None) -> str:
    """Return by how much a span grew, with its sign: +0:07; "" for nothing to compare."""
    return "" if seconds is None else f"{_sign(seconds)}{span(abs(seconds))}"


@register.filter
def more_count(value: int | None) -> str:
    """Return by how much a whole number grew, with its sign."""
    return "" if value is None else f"{_sign(value)}{count(abs(value))}"


@register.filter
def more_usd(amount: Decimal | None) -> str:
    """Return by how many US dollars a cost grew, with its sign."""
    return "" if amount is None else f"{_sign(amount)}{usd(abs(amount))}"


def _sign(value: int | Decimal) -> str:
    return "±" if value == 0 else "+" if value > 0 else "\u2212"
