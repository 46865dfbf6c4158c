"""Browsers are named as people know them; whatever else calls itself something is shown as it does."""

import pytest

from teams.wording.browsers import MOST_CHARS, browser_words


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("(Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox, Windows"),
        ("(Macintosh; Intel Mac OS X 10_15_7) Version/18.1 Safari/605.1.15", "Safari, Mac"),
        ("(X11; Linux x86_64) (KHTML, like Gecko) Chrome/142.0 Safari/537.36", "Chrome, Linux"),
        ("(Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Windows"),
        ("(iPhone; CPU iPhone OS 18_1 like Mac OS X) CriOS/142.0 Safari/604.1", "Chrome, iPhone"),
        ("(Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0", "Samsung Internet, Android"),
        ("curl/8.10.1", "curl/8.10.1"),
        ("", "unknown browser"),
        ("x" * 500, "x" * MOST_CHARS),
    ],
)
def test_a_browser_is_called_by_its_name_and_its_system(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words
