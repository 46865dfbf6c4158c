"""Times, spans, counts and money as pages write them, in the reader's language and time zone."""

import datetime as dt
from decimal import Decimal

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

register = template.Library()

_SMALL = Decimal("0.001")


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
def span(seconds: float | None) -> str:
    """Return a span of time as 2:07 or 1:02:07, "" for none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
