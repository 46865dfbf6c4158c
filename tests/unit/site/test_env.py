"""Readers of the environment: what they accept, and the one sentence with which they refuse."""

from pathlib import Path

import pytest

from renum_site.env import Env, EnvError, read_environment


def test_a_whole_number_is_read_when_it_lies_in_its_range() -> None:
    assert Env({"N": " 12 "}).whole("N", default=1, low=1, high=12) == 12


@pytest.mark.parametrize("value", ["x", "0", "13", "1.5", "\uff11\uff12", "--1", "1e1"])
def test_a_whole_number_is_refused_with_its_range_when_it_is_none_or_outside(value: str) -> None:
    with pytest.raises(EnvError) as caught:
        Env({"RENUM_CAPACITY": value}).whole("RENUM_CAPACITY", default=1, low=1, high=12)
    assert str(caught.value) == f"RENUM_CAPACITY must be a whole number from 1 to 12, not {value!r}."


@pytest.mark.parametrize("value", ["", "   "])
def test_the_default_is_taken_when_a_value_is_empty(value: str) -> None:
    env = Env({"X": value})
    assert env.whole("X", default=7, low=1, high=9) == 7
    assert env.flag("X", default=True) is True
    assert env.seconds("X", default=1.5, low=0, high=9) == 1.5
    assert env.items("X", default=["a"]) == ["a"]
    assert env.url("X", schemes=["https"]) is None
    assert env.text("X", default="t") == "t"


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("Yes", True), ("OFF", False), ("false", False)]
)
def test_a_flag_is_read_from_the_usual_words(value: str, expected: bool) -> None:
    assert Env({"F": value}).flag("F") is expected


def test_a_flag_is_refused_when_it_is_another_word() -> None:
    with pytest.raises(EnvError, match=r"DEBUG must be one of .*, not 'maybe'"):
        Env({"DEBUG": "maybe"}).flag("DEBUG")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "soon", "11"])
def test_seconds_are_refused_when_they_are_no_finite_number_in_range(value: str) -> None:
    with pytest.raises(EnvError, match="must be a number of seconds from 0 to 10"):
        Env({"S": value}).seconds("S", default=1, low=0, high=10)


def test_a_list_drops_blanks_and_empty_parts() -> None:
    assert Env({"L": " a, b,,c ,"}).items("L") == ["a", "b", "c"]


@pytest.mark.parametrize("value", ["ftp://secret", "secret:5432", "https://secret:port", "https://[secret"])
def test_an_address_is_refused_without_repeating_it_when_it_is_unusable(value: str) -> None:
    with pytest.raises(EnvError) as caught:
        Env({"SUNA_BASE_URL": value}).url("SUNA_BASE_URL", schemes=["https", "http"])
    assert "secret" not in str(caught.value)


def test_an_address_loses_its_trailing_slash() -> None:
    assert (
        Env({"U": "https://suna.example.org/api/"}).url("U", schemes=["https"])
        == "https://suna.example.org/api"
    )


def test_a_short_secret_is_refused_without_repeating_it() -> None:
    with pytest.raises(EnvError) as caught:
        Env({"SECRET_KEY": "hunter2"}).secret("SECRET_KEY", min_length=32)
    assert "hunter2" not in str(caught.value)


def test_a_choice_is_refused_with_the_words_it_may_be() -> None:
    with pytest.raises(EnvError, match="SUNA_PROFILE must be one of seed, 2025-08, not '2024'"):
        Env({"SUNA_PROFILE": "2024"}).choice("SUNA_PROFILE", default="", among=["seed", "2025-08"])


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RENUM_ENV_FILE", raising=False)
    return tmp_path / ".env"


def test_the_process_environment_wins_over_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("# a comment\n\nA_NAME=from the file\nexport B_NAME='quoted = kept'\n")
    monkeypatch.setenv("A_NAME", "from the process")
    values = read_environment(env_file)
    assert (values["A_NAME"], values["B_NAME"]) == ("from the process", "quoted = kept")


@pytest.mark.parametrize("line", ["A NAME=1", "no assignment", "=1"])
def test_a_line_that_is_no_assignment_is_refused_with_its_number(env_file: Path, line: str) -> None:
    env_file.write_text(f"A=1\n{line}\n")
    with pytest.raises(EnvError, match=r"\.env, line 2: expected NAME=value"):
        read_environment(env_file)


def test_a_named_file_that_is_missing_is_refused(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENUM_ENV_FILE", str(env_file))
    with pytest.raises(EnvError, match="which is not a file"):
        read_environment(env_file)
