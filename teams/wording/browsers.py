"""What a browser calls itself, as people know it."""

import re

from django.utils.translation import gettext as _

# The first that fits: most browsers also claim to be those that stand further down.
_BROWSERS = (
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("HeadlessChrome/|Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone|iPod", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)
MOST_CHARS = 60


def browser_words(user_agent: str) -> str:
    """Return "Firefox, Windows"; of what nobody knows the beginning of its own words."""
    names = [
        next((name for sign, name in known if re.search(sign, user_agent)), "")
        for known in (_BROWSERS, _SYSTEMS)
    ]
    if not names[0]:
        return user_agent[:MOST_CHARS].strip() or _("unknown browser")
    return ", ".join(name for name in names if name)
