"""The tests' Redis server is shared by all workers: no test empties more of it than its own database."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "flush" + "all"


def test_only_a_server_of_its_own_is_emptied_as_a_whole() -> None:
    careless = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if COMMAND in path.read_text().lower() and "own_services" not in path.read_text()
    ]

    assert careless == []
