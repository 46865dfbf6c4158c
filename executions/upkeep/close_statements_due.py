"""Closing months by the queue, each day: whatever is due, also after days in which no cluster ran."""

import logging
import time

from billing.ledger.statements import close_statements
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)

# Well below django-q2's limit for a task, which kills its worker.
AT_MOST_S = 200.0


def close_statements_due() -> int:
    """Close what is due, for some minutes at most; return how many statements that were.

    Payer by payer, each in a transaction: what is left comes with the next day, and what two clusters do at
    the same time is done once.
    """
    until, closed = time.monotonic() + AT_MOST_S, 0
    for _ in close_statements(now=database_now()):
        closed += 1
        if time.monotonic() > until:
            logger.warning("more months are to be closed than a task may take: run renum_statements close")
            break
    if closed:
        logger.info("%d statements closed", closed)
    return closed
