"""The ledger's verbs: build entries from what a run reported, record them, add them up.

One row per model response, priced when it is recorded. Totals are sums of rows and nothing else. Budgets,
reports and whatever knows executions live elsewhere.
"""

from billing.ledger.entries import LedgerEntry, ReportedResponse, RunFacts, build_entries
from billing.ledger.record import record_responses
from billing.ledger.rows import Narrowed, each_row, narrow, rows_of_execution
from billing.ledger.summary import Group, GroupBy, Summary, TooManyGroups, UnknownTimeZone, sum_up
from billing.ledger.totals import Tally, Totals, tally_rows, totals_of_execution
from billing.ledger.unpriced import find_unpriced_models

__all__ = [
    "Group",
    "GroupBy",
    "LedgerEntry",
    "Narrowed",
    "ReportedResponse",
    "RunFacts",
    "Summary",
    "Tally",
    "TooManyGroups",
    "Totals",
    "UnknownTimeZone",
    "build_entries",
    "each_row",
    "find_unpriced_models",
    "narrow",
    "record_responses",
    "rows_of_execution",
    "sum_up",
    "tally_rows",
    "totals_of_execution",
]
