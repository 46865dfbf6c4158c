"""The examples of docs/deployment: every command exists, its options parse, a stop reaches who it should."""

import configparser
import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class
from uvicorn.main import main as uvicorn_command

from executions.orchestrator.crash_slot import slot_folder
from tests.fixtures.web import running_web

BASE_DIR = Path(__file__).resolve().parents[2]
DEPLOYMENT = BASE_DIR / "docs" / "deployment"
UNITS = ("renum-web", "renum-drivers", "renum-tasks")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOYMENT / "compose.yaml").read_text())
# How long a cluster may take before it ends itself in any case, and the web's open streams.
LONGEST_STOP_S = 20


def read_unit(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None)
    # systemd's names are told apart by their case.
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((DEPLOYMENT / f"{name}.service").read_text())
    return unit


def check_command(argv: list[str]) -> None:
    """Fail unless our own programs take this command line."""
    assert Path(argv[0]).name == "python"
    if argv[1:3] == ["-m", "uvicorn"]:
        context = uvicorn_command.make_context("uvicorn", argv[3:])
        assert context.params["app"] == settings.ASGI_APPLICATION.replace(".application", ":application")
        assert 0 < context.params["timeout_graceful_shutdown"] <= LONGEST_STOP_S
    elif argv[1] == "manage.py":
        command = load_command_class(get_commands()[argv[2]], argv[2])
        command.create_parser("manage.py", argv[2]).parse_args(argv[3:])
    else:
        assert argv[1] == "-c"
        compile(argv[2], "healthcheck", "exec")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_stops_its_first_process_alone_and_gives_it_time(name: str) -> None:
    service = read_unit(name)["Service"]
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > LONGEST_STOP_S
    assert service["Restart"] == "always"
    assert "ExecStop" not in service
    check_command(shlex.split(service["ExecStart"]))


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_can_write_where_renum_keeps_its_files_and_nowhere_else(name: str) -> None:
    service = read_unit(name)["Service"]
    assert service["Environment"] == f"RENUM_VAR_DIR=/var/lib/{service['StateDirectory']}"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["User"] != "root"
    # Secrets stand in a file of their own, never in a unit that everybody may read.
    assert "EnvironmentFile" in service


@pytest.mark.parametrize("name", ["renum-drivers", "renum-tasks"])
def test_systemd_is_told_often_enough_and_later_than_a_cluster_heals_itself(name: str) -> None:
    service = read_unit(name)["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert int(service["WatchdogSec"]) > settings.ORCHESTRATOR.alive_within_s
    assert int(service["TimeoutStartSec"]) > settings.WAIT_FOR_DB_S


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_container_runs_one_process_in_exec_form(name: str) -> None:
    service = COMPOSE["services"][name]
    # A list is started as it is; a text would put a shell in front, which passes no signal on.
    assert isinstance(service["command"], list)
    check_command(service["command"])
    assert int(service["stop_grace_period"].removesuffix("s")) > LONGEST_STOP_S
    if name != "migrate":
        kind, *test = service["healthcheck"]["test"]
        assert kind == "CMD"
        check_command(test)


def test_what_a_driver_died_of_outlives_its_container() -> None:
    [mounted] = COMPOSE["services"]["drivers"]["volumes"]
    volume, folder = mounted.split(":")
    image = (DEPLOYMENT / "Containerfile").read_text()
    var = re.search(r"RENUM_VAR_DIR=(/var\S+)", image)
    assert var
    assert folder == f"{var[1]}/{slot_folder().name}"
    assert volume in COMPOSE["volumes"]
    # A new volume takes its owner from the image.
    assert any(line.startswith("RUN install") and folder in line.split() for line in image.splitlines())
    # Anything else there says what lives now, and goes with the container.
    assert any(entry.startswith(f"{var[1]}:") for entry in COMPOSE["services"]["drivers"]["tmpfs"])


@pytest.mark.parametrize("hosts", ["renum.example.org, other.example.org", ".example.org", "*"])
def test_the_web_is_healthy_as_long_as_it_answers(
    child_env: dict[str, str], tmp_path: Path, hosts: str
) -> None:
    env = {**child_env, "ALLOWED_HOSTS": hosts, "DEBUG": "0", "RENUM_HTTPS": "1"}
    _, *test = COMPOSE["services"]["web"]["healthcheck"]["test"]
    with running_web(env, tmp_path / "web.log") as web:
        probe = test[-1].replace("8000", web.url.rpartition(":")[2]).replace("timeout=5", "timeout=1")

        def ask() -> int:
            asked = [sys.executable, "-c", probe]
            return subprocess.run(asked, env=env, check=False, capture_output=True, timeout=20).returncode

        # A busy machine may take its time for the first answers.
        assert any(ask() == 0 for _ in range(10))
        # Its port takes connections all the same.
        web.popen.send_signal(signal.SIGSTOP)
        assert ask() == 1
    assert ask() == 1


def test_the_image_copies_every_package_and_starts_the_web_in_exec_form() -> None:
    lines = (DEPLOYMENT / "Containerfile").read_text().splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY")}
    for path in copied:
        assert (BASE_DIR / path).exists(), path
    assert copied >= {"renum_site", "executions", "billing", "teams", "templates", "static", "locale"}
    [command] = [line for line in lines if line.startswith("CMD")]
    check_command(json.loads(command.removeprefix("CMD ")))
    assert [line for line in lines if line.startswith("USER")] == ["USER renum"]


def test_the_names_that_the_examples_set_are_settings() -> None:
    text = "".join(file.read_text() for file in DEPLOYMENT.iterdir())
    names = set(re.findall(r"\b(RENUM_[A-Z_]+|ALLOWED_HOSTS|SECRET_KEY)=", text))
    assert names
    assert names <= settings.SETTING_NAMES
