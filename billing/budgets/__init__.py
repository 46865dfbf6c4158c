"""Budgets: what may be spent, what is kept free for work under way, and what was spent.

A budget limits what one payer, one team or the whole site costs, in each execution, day or month. Every
budget that something falls under must have room for it.

- **Reserve, then settle.** Before an attempt starts, what it is expected to cost (`amounts`) is reserved in
  the current period of each of its budgets, under the lock of the periods' rows. It may start where
  spent + reserved + expected <= limit in every hard one. What does not fit beside other reservations waits
  until they are settled; what would not fit without them is refused, and the budget has been reached.
- **One reservation per period and attempt.** It is made in a transaction of its own, before the one that
  decides the start, and confirmed in that one. So a driver that dies in between leaves money kept free for
  nothing, which a sweep gives back, and never a start that nothing was kept free for.
- **Spent is the ledger.** Whoever appends rows to the ledger adds their cost to the periods in the same
  transaction. A period's row is made when it is first needed, with the sum of the ledger so far; making a
  budget waits for those who are appending just then. So a period is the sum of its rows to the last digit,
  whatever was killed, and usage that comes late counts in the period of its row.
- **Locks** come in one order everywhere: executions by id, the ledger, periods by id, reservations.
- A soft budget reserves as well, so that people see what is under way, and refuses nothing.
- How much a hard limit can be exceeded by: what attempts under way cost more than was expected of them, and
  answers that nobody knows the price of (they are counted, as `unpriced`).

What becomes of an execution at the limit is the engine's business; nothing of it is known here.
"""

from billing.budgets.alerts import judge_again
from billing.budgets.amounts import Amount, Spender, Wanted, find_amounts
from billing.budgets.reserve import (
    Granted,
    Reached,
    Reservations,
    budgets_exist,
    confirm,
    find_stopping,
    reserve,
)
from billing.budgets.settle import settle
from billing.budgets.spent import Difference, count_differences, count_usage
from billing.budgets.standing import Standing, find_standings

__all__ = [
    "Amount",
    "Difference",
    "Granted",
    "Reached",
    "Reservations",
    "Spender",
    "Standing",
    "Wanted",
    "budgets_exist",
    "confirm",
    "count_differences",
    "count_usage",
    "find_amounts",
    "find_standings",
    "find_stopping",
    "judge_again",
    "reserve",
    "settle",
]
