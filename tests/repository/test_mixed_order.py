"""Tests that wait stand evenly among those that compute, and the tests of a file stay together."""

from dataclasses import dataclass
from itertools import pairwise

from tests.fixtures.mixed_order import mix


@dataclass(frozen=True)
class Named:
    nodeid: str


def test_the_waiting_are_spread_and_no_file_is_torn_apart() -> None:
    quick = [Named(f"tests/unit/test_{file}.py::test_{number}") for file in "abcdefgh" for number in range(5)]
    slow = [Named(f"tests/faults/test_{file}.py::test_{number}") for file in "wxyz" for number in range(2)]

    mixed = mix([*quick, *slow])

    assert sorted(mixed, key=str) == sorted([*quick, *slow], key=str)
    files = [item.nodeid.partition("::")[0][-4] for item in mixed]
    assert "".join(dict.fromkeys(files)) == "awbcxdeyfgzh"
    assert sum(before != after for before, after in pairwise(files)) == 11
    assert mix([]) == []
