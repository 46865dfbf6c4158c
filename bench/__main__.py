"""`python -m bench [--rounds N] [--quick] [--results FILE]`: measure, print, write a JSON file."""

import argparse
import datetime as dt
import logging
import os
import sys
from pathlib import Path

from rich.console import Console

from bench.own_databases import OwnDatabases, own_databases
from bench.situations import FULL, QUICK, BenchError, Situation
from renum_site.embedded.errors import ServiceError
from renum_site.env import Env, EnvError, read_environment
from renum_site.processes import ProcessError, StopRequestedError, supervise

BASE_DIR = Path(__file__).resolve().parent.parent
RESULTS = BASE_DIR / "bench" / "results"
POLLS = ("poll_min_s", "poll_max_s", "poll_divisor", "poll_beside_stream_s", "polls_per_s")
FROM_OUTSIDE = ("SUNA_BASE_URL", "SUNA_API_KEY", "SUNA_BEARER_TOKEN", "SUNA_PROFILE", "RENUM_TEST_DATABASE")


def main() -> int:
    """Do what the command line says; 1 where there is no honest number, or a review or list is too slow."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--rounds", type=int, help="3, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="sizes so small that only the bench is tested")
    parser.add_argument("--results", type=Path, help="bench/results/latest.json, or quick.json with --quick")
    arguments = parser.parse_args()
    rounds = arguments.rounds if arguments.rounds is not None else 1 if arguments.quick else 3
    if rounds < 1:
        parser.error("--rounds must be at least 1")
    results = arguments.results or RESULTS / ("quick.json" if arguments.quick else "latest.json")
    try:
        values = read_environment(BASE_DIR / ".env")
        var = Env(values).folder("RENUM_VAR_DIR", default=BASE_DIR / "var")
        with own_databases(values, var=var) as own:
            _set_environment(own)
            _measure(QUICK if arguments.quick else FULL, rounds=rounds, results=results, folder=var / "bench")
    except StopRequestedError:
        return 130
    except (BenchError, ProcessError, ServiceError, EnvError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _set_environment(own: OwnDatabases) -> None:
    """Choose what this process and its children read: their own databases, else what is set or default."""
    for name in FROM_OUTSIDE:
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "renum_site.settings",
        "RENUM_ENV_FILE": "",
        "DEBUG": "1",
        "DATABASE_URL": own.database_url,
        "REDIS_URL": own.redis_url,
        "RENUM_DRIVERS_WORKERS": "1",
        # Where the simulator is, on a person's own connection.
        "RENUM_SUNA_ALLOWED_HOSTS": "127.0.0.1",
        # One person starts them all, and all are there at once.
        "RENUM_MAX_QUEUED": "10000",
        "RENUM_MAX_QUEUED_SITE": "10000",
        "RENUM_STARTS_PER_MINUTE": "1000000",
        "RENUM_READS_PER_MINUTE": "1000000",
        # The same driver serves all rounds, also while plain HTTP has its turn.
        "RENUM_LINGER_S": "300",
    }


def _measure(situations: tuple[Situation, ...], *, rounds: int, results: Path, folder: Path) -> None:
    import django

    django.setup()

    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from bench.api import FULL as FULL_API
    from bench.api import QUICK as QUICK_API
    from bench.api import measure_api
    from bench.costs import FULL_ROWS, QUICK_ROWS, measure_costs
    from bench.figures import build_figures
    from bench.goals import missed_goals
    from bench.history import check_history
    from bench.lists import FULL_ROWS as FULL_LIST
    from bench.lists import QUICK_ROWS as QUICK_LIST
    from bench.lists import measure_lists
    from bench.machine import describe_machine, describe_versions
    from bench.product import Product
    from bench.report import WIDTH, print_figures, print_table, write_results
    from bench.rounds import run_rounds
    from bench.simulated_suna import start_simulator

    # Each wake-up that is queued would be told between the table's lines.
    logging.getLogger("django-q").setLevel(logging.WARNING)

    def say(line: str) -> None:
        console.print(line, style="dim")

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    folder.mkdir(parents=True, exist_ok=True)
    machine, at = describe_machine(), dt.datetime.now(dt.UTC)
    try:
        call_command("migrate", interactive=False, verbosity=0)
        with supervise(log_folder=folder) as supervisor:
            manage = BASE_DIR / "manage.py"
            suna = start_simulator(supervisor, manage=manage, folder=folder)
            product = Product(supervisor, suna_url=suna.url, manage=manage)
            found = run_rounds(situations, suna=suna, product=product, rounds=rounds, say=say)
            api = measure_api(supervisor, product, QUICK_API if situations is QUICK else FULL_API, say=say)
            costs = measure_costs(
                product.owner,
                product.team_of_one_step(),
                rows=QUICK_ROWS if situations is QUICK else FULL_ROWS,
                say=say,
            )
            lists = measure_lists(
                product.owner,
                product.team_of_one_step(),
                rows=QUICK_LIST if situations is QUICK else FULL_LIST,
                say=say,
            )
        figures = build_figures(found, api={**api, **costs, **lists})
        chosen = settings.ORCHESTRATOR
        write_results(
            results,
            figures=figures,
            situations=situations,
            rounds=rounds,
            machine=machine,
            versions=describe_versions(),
            polls={name: getattr(chosen, name) for name in POLLS},
            at=at,
        )
    finally:
        connections.close_all()
    print_table(console, situations, found)
    print_figures(console, figures)
    console.print(f"Written to {results.name}.", highlight=False)
    check_history(found)
    missed = missed_goals(figures.values) if situations is FULL else []
    if missed:
        raise BenchError("\n".join(missed))


if __name__ == "__main__":
    sys.exit(main())
