"""What is installed is installed once: a middleware that stands twice runs twice."""

from collections import Counter

import pytest
from django.conf import settings


@pytest.mark.parametrize("name", ["MIDDLEWARE", "INSTALLED_APPS"])
def test_nothing_is_installed_twice(name: str) -> None:
    assert [entry for entry, times in Counter(getattr(settings, name)).items() if times > 1] == []
