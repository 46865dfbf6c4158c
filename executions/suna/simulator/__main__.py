"""Runs a simulated Suna without Django: `python -m executions.suna.simulator --profile 2025-07`."""

import sys
from argparse import ArgumentParser

from executions.suna.simulator.command import Wrong, add_options, run

if __name__ == "__main__":
    parser = ArgumentParser(
        prog="python -m executions.suna.simulator",
        description="Runs a simulated Suna until SIGTERM. See docs/simulator.md.",
    )
    add_options(parser)
    try:
        run(vars(parser.parse_args()), announce=lambda text: print(text, flush=True))  # noqa: T201 - a command
    except Wrong as error:
        sys.exit(str(error))
