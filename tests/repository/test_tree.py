"""What the tree itself promises: sizes, names, no machine's paths, links that lead somewhere."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
PACKAGES = ("renum_site", "executions", "billing", "teams")
MAX_LINES = 400
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "base",
    "services",
    "manager",
    "managers",
    "handler",
}
# A command is named by what the person types.
ALLOWED = {"renum_site/management/commands/services.py"}
TEXT = {
    ".py",
    ".md",
    ".txt",
    ".in",
    ".toml",
    ".html",
    ".css",
    ".js",
    ".json",
    ".sh",
    ".example",
    ".po",
    ".svg",
    "",
}


def own_files() -> list[Path]:
    """Files that are in git or would be: what .gitignore names is not ours."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=BASE_DIR,
        capture_output=True,
        check=True,
    )
    files = [BASE_DIR / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def relative(file: Path) -> str:
    return file.relative_to(BASE_DIR).as_posix()


def python_files() -> list[Path]:
    return [file for file in own_files() if file.suffix == ".py"]


def test_no_python_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        relative(file): lines
        for file in python_files()
        if "migrations" not in file.parts and (lines := len(file.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [
        relative(file)
        for file in python_files()
        if ({file.stem, *file.relative_to(BASE_DIR).parts[:-1]} & BANNED_NAMES)
        and relative(file) not in ALLOWED
    ]
    assert found == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    # Split, so that this file does not find itself.
    pattern = re.compile(r"(?:^|[\s\"'=(:])/" + r"(?:root|home/\w+|Users/\w+|work)/")
    found = [
        f"{relative(file)}:{number}"
        for file, number, line in _lines()
        if pattern.search(line) and not relative(file).startswith(("static/vendor/", "tests/data/"))
    ]
    assert found == []


def test_no_file_names_a_package_index() -> None:
    pattern = re.compile("|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs"]))
    assert [f"{relative(file)}:{number}" for file, number, line in _lines() if pattern.search(line)] == []


def test_every_package_folder_has_a_module_docstring() -> None:
    silent = [
        relative(file)
        for file in python_files()
        if file.relative_to(BASE_DIR).parts[0] in PACKAGES
        and file.name != "__init__.py"
        and "migrations" not in file.parts
        and not file.read_text().lstrip().startswith('"""')
    ]
    assert silent == []


def _lines() -> Iterator[tuple[Path, int, str]]:
    for file in own_files():
        if file.suffix in TEXT and file.stat().st_size < 2_000_000:
            for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1):
                yield file, number, line


@pytest.mark.parametrize("page", [relative(file) for file in own_files() if file.suffix == ".md"])
def test_every_relative_link_in_a_page_leads_to_a_file(page: str) -> None:
    text = re.sub(r"```.*?```", "", (BASE_DIR / page).read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not ((BASE_DIR / page).parent / target).exists()] == []
