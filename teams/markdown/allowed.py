"""The second wall: which tags and attributes may be in what is shown, whoever made them."""

import nh3
from django.urls import reverse

from teams.markdown.parser import RELATION

TAGS = frozenset(
    {"a", "blockquote", "br", "code", "del", "div", "em", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"}
)
ATTRIBUTES = {
    "a": frozenset({"href"}),
    "div": frozenset({"tabindex"}),
    "ol": frozenset({"start"}),
}
CLASSES = {
    "div": frozenset({"wide"}),
    "td": frozenset({"to-right", "to-center"}),
    "th": frozenset({"to-right", "to-center"}),
}


def keep_allowed(html: str) -> str:
    """Return the HTML with nothing but what the lists name; a link leads to our own page or nowhere."""
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags={"script", "style", "title", "textarea", "template", "noscript"},
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_value,
        allowed_classes={tag: set(names) for tag, names in CLASSES.items()},
        set_tag_attribute_values={"a": {"rel": RELATION}},
        strip_comments=True,
        link_rel=None,
        url_schemes=set(),
    )


def _value(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("a", "href"):
        return value if value.startswith(f"{reverse('leave')}?to=") else None
    if (tag, name) == ("div", "tabindex"):
        return value if value == "0" else None
    if (tag, name) == ("ol", "start"):
        return value if value.isascii() and value.isdecimal() else None
    return value
