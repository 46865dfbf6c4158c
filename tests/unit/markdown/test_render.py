"""What markdown becomes: readable HTML with links that ask, and plain text where it would take too long."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from teams.markdown import make_visible, render_markdown
from teams.markdown.leaving import NotLeavable, leave_address, read_address, read_signed
from teams.markdown.parser import MAX_LINKS
from teams.markdown.render import MAX_CHARS, MAX_MARKS

MOST_CPU_S = 1.0
"""Twice what a pathological text may take on a quiet machine."""


def test_what_agents_write_every_day_is_shown_as_they_meant_it() -> None:
    html = render_markdown(
        "# Title\n\nOne\ntwo **bold** `code` ~~gone~~\n\n- [x] done\n- [ ] open\n\n3. three\n\n"
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n> said\n\n```python\nif a < b:\n```\n"
    )

    assert "<h3>Title</h3>" in html
    assert "One<br>\ntwo <strong>bold</strong> <code>code</code> <s>gone</s>" in html
    assert "<li>☑ done</li>" in html
    assert "<li>☐ open</li>" in html
    assert '<ol start="3">' in html
    assert '<div class="wide" tabindex="0"><table>' in html
    assert '<td class="to-right">2</td>' in html
    assert "<blockquote>" in html
    assert "<pre><code>if a &lt; b:\n</code></pre>" in html


def test_headings_keep_to_their_level_and_never_pass_the_sixth() -> None:
    assert "<h2>a</h2>" in render_markdown("# a", top_heading=2)
    assert "<h6>a</h6>" in render_markdown("##### a", top_heading=3)


def test_a_link_leads_to_the_page_that_asks() -> None:
    html = render_markdown("[here](https://example.com/a?b=1)")
    address = html.split('href="')[1].split('"')[0]

    assert address.startswith("/leave/?to=")
    assert 'rel="noopener nofollow"' in html
    signed = parse_qs(urlsplit(address).query)["to"][0]
    assert read_signed(signed).whole == "https://example.com/a?b=1"


def test_a_picture_becomes_a_link_with_its_words() -> None:
    html = render_markdown("![a *map*](https://example.com/a.png)")

    assert "<img" not in html
    assert 'href="/leave/?to=' in html
    assert ">a *map*</a>" in html
    assert render_markdown("[![in](https://a.example/)](https://b.example/)").count("<a ") == 1


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "/accounts/logout/",
        "//elsewhere.example/",
        "#content",
        "https://bank.example@elsewhere.example/",
        "https://elsewhere.example\\@bank.example/",
        "https:elsewhere.example",
        "https:///elsewhere.example",
        "ftp://elsewhere.example/",
        "https://a b/",
        "https://[::1",
        "https://a.example:port/",
        "https://a.example/" + "a" * 2000,
        "",
    ],
)
def test_what_is_no_plain_web_address_becomes_no_link(address: str) -> None:
    assert "<a" not in render_markdown(f"[x](<{address}>)")
    with pytest.raises(NotLeavable):
        read_address(address)


def test_an_address_is_shown_in_parts_that_make_the_whole() -> None:
    address = read_address("HTTPS://xn--pple-43d.example:8443/a?b#c")

    assert (address.before, address.host, address.after) == (
        "https://",
        "xn--pple-43d.example",
        ":8443/a?b#c",
    )
    assert address.is_encrypted
    assert address.has_foreign_letters
    assert not read_address("http://[::1]:80/").has_foreign_letters


@pytest.mark.parametrize("signed", ["", "a", "a:b", "\0", "é:é", '"https://a.example/":x'])
def test_an_address_that_nobody_signed_leads_nowhere(signed: str) -> None:
    with pytest.raises(NotLeavable):
        read_signed(signed)


def test_a_link_signed_for_one_address_is_good_for_no_other() -> None:
    signed = parse_qs(urlsplit(leave_address("https://example.com/")).query)["to"][0]
    body, _, seal = signed.partition(":")

    with pytest.raises(NotLeavable):
        read_signed(f"{body[:-2]}AA:{seal}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\0", "⟨U+0000⟩"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://a.example\x07link\x1b]8;;\x07", "link"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        # Joiners within an emoji and a Persian word, a selector, a combining accent.
        *(
            (text, text)
            for text in (
                "\U0001f469\u200d\U0001f4bb",
                "\u0645\u06cc\u200c\u0631",
                "\u2764\ufe0f",
                "e\u0301\t.",
            )
        ),
        ("\ud800", "⟨U+D800⟩"),
    ],
)
def test_characters_that_deceive_are_named_and_others_left_alone(text: str, shown: str) -> None:
    assert make_visible(text) == shown
    assert make_visible(shown) == shown


def test_live_output_names_the_same_characters() -> None:
    source = (Path(settings.BASE_DIR) / "static/js/live.js").read_text(encoding="utf-8")
    written = re.search(r'HIDDEN = new RegExp\(\s*"(.+)" \+\s*"(.+)",\s*"gu"', source)
    assert written is not None
    pattern = "".join(written.groups()).replace("\\\\", "\\")
    hidden = re.compile(re.sub(r"\\u\{(\w+)\}", lambda found: f"\\U{found[1]:0>8}", pattern))

    named = [code for code in range(0x110000) if make_visible(chr(code)).startswith("\u27e8U+")]
    # Ends of lines are named nowhere.
    ends = {0x0B, 0x0C, 0x0D, 0x85}
    assert {code for code in range(0x110000) if hidden.match(chr(code))} - ends == set(named)
    assert len(named) > 4000


def test_no_text_has_more_links_than_a_page_bears() -> None:
    html = render_markdown("[a](http://b.c)" * (MAX_LINKS - 100))

    assert html.count("<a ") in (0, MAX_LINKS - 100)
    assert render_markdown("[a](http://b.c)" * 5 * MAX_LINKS).count("<a ") == 0


def test_a_text_too_long_or_too_deep_comes_whole_as_plain_text() -> None:
    for text in ("a" * (MAX_CHARS + 1), "> " * 60 + "deep", "  - a\n" * MAX_MARKS):
        html = render_markdown(text)
        assert html.startswith('<div class="text" dir="auto">')
        assert html.count("a") + html.count("e") > 3
    deep = "\n".join("  " * level + f"- level {level}" for level in range(60))
    assert "level 59" in render_markdown(deep)


UNITS = (
    *("[", "![[", "](", "[a](http://b.c)", "![a](http://b.c)", "<http://a.b>", "*a_", "**a", "a**b", "_a"),
    *("`a", "~~a", "<a", "&", "&amp;", "\\a", "|", "<", "a_b", "*_", "[a]:\n", ">- ", "> a\n", "- a\n\n"),
    *("1. a\n", "# a\n", "|a|b|\n", "a\n", "\n", "```\n", "[a]: http://b.c\n", "    a\n"),
    *("> ", "a", " ", "\t", "*", "[a](", "a "),
)


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_takes_long(unit: str, figure: Callable[[str, float], None]) -> None:
    worst = 0.0
    for many in (MAX_MARKS // 5, MAX_MARKS // 2, MAX_MARKS, MAX_CHARS // max(1, len(unit))):
        text = (unit * many)[:MAX_CHARS]
        began = time.thread_time()
        render_markdown(text)
        worst = max(worst, time.thread_time() - began)

    figure(f"CPU seconds of the worst text of {unit!r}", round(worst, 3))
    assert worst < MOST_CPU_S
