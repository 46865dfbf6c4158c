"""What agents and people wrote, as HTML that is safe to show; nothing here trusts a single character of it.

Two walls stand one behind the other: the parser makes no HTML but its own (`parser.py`), and what it made
goes through a list of tags and attributes (`allowed.py`). Links lead to a page that asks before anybody
leaves (`leaving.py`), pictures become links, and what nobody sees is made visible (`visible.py`).
"""

from teams.markdown.render import render_markdown, render_plain
from teams.markdown.visible import make_visible

__all__ = ["make_visible", "render_markdown", "render_plain"]
