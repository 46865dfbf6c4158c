"""The locked requirements: every wheel by its hash, from no named host, and each with a reason."""

import re
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
REQUIREMENTS = BASE_DIR / "requirements"
NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def named_packages(file: str) -> set[str]:
    lines = (line.strip() for line in (REQUIREMENTS / file).read_text().splitlines())
    return {match[1].lower() for line in lines if (match := NAME.match(line))}


def locked_entries(file: str) -> list[str]:
    """One string per locked package, its continuation lines joined."""
    text = re.sub(r"\\\n", " ", (REQUIREMENTS / file).read_text())
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("file", ["runtime.txt", "dev.txt"])
def test_every_locked_package_has_an_exact_version_and_a_hash(file: str) -> None:
    entries = locked_entries(file)
    assert len(entries) > 20
    loose = [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    assert loose == []


@pytest.mark.parametrize("file", ["runtime.in", "runtime.txt", "dev.in", "dev.txt"])
def test_requirements_name_no_host_and_no_index(file: str) -> None:
    text = (REQUIREMENTS / file).read_text()
    assert re.findall(r"https?://|file://|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


@pytest.mark.parametrize(("source", "locked"), [("runtime.in", "runtime.txt"), ("dev.in", "dev.txt")])
def test_every_named_package_is_locked(source: str, locked: str) -> None:
    pinned = {entry.partition("==")[0].partition("[")[0].strip().lower() for entry in locked_entries(locked)}
    assert named_packages(source) - pinned == set()


def test_both_locks_agree_on_every_version() -> None:
    runtime = {tuple(entry.split()[0].split("==")) for entry in locked_entries("runtime.txt")}
    dev = {tuple(entry.split()[0].split("==")) for entry in locked_entries("dev.txt")}
    assert runtime - dev == set()


def test_every_named_package_has_its_reason_and_nothing_else_has_one() -> None:
    page = (BASE_DIR / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| ([a-z0-9._-]+) \| (.+) \|$", page, re.MULTILINE)
    explained = {name for name, reason in rows if len(reason.split()) >= 3 or name in {"ruff", "mypy"}}
    assert explained == named_packages("runtime.in") | named_packages("dev.in")


@pytest.mark.parametrize(
    ("package", "floor"),
    [("django", (5, 2, 14)), ("djangorestframework", (3, 17, 2)), ("redis", (4, 5, 5)), ("httpx", (0, 28))],
)
def test_versions_are_above_those_with_known_holes(package: str, floor: tuple[int, ...]) -> None:
    (entry,) = [line for line in locked_entries("runtime.txt") if re.match(rf"{package}(\[|==)", line)]
    version = tuple(int(part) for part in re.findall(r"\d+", entry.split("==")[1].split()[0]))
    assert version >= floor
