"""The operators by type, three-valued logic, and the record (language, section 4 and its table)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.engine.conditions import find_culprit, judge
from executions.engine.operators import OPERATOR_NAMES, apply_operator
from executions.engine.paths import MISSING, View, view_of
from teams.workflow.condition_parsing import OPERATORS
from teams.workflow.plan import AllOf, AnyOf, Comparison, Condition, Not, Path
from tests.unit.engine.plans import compare, make_plan, make_step, stand, state_of

EMPTY = View(initial_prompt="Do it", steps={}, context={"yes": True, "no": False})
TRUE: Condition = compare("context", "is_true", at="yes")
FALSE: Condition = compare("context", "is_true", at="no")
UNKNOWN: Condition = compare("context", "is_true", at="gone")
LOGIC = {"T": TRUE, "F": FALSE, "?": UNKNOWN}
VERDICTS = {"T": True, "F": False, "?": None}


def test_the_engine_knows_the_operators_that_definitions_may_hold() -> None:
    assert sorted(OPERATOR_NAMES) == sorted(OPERATORS)


@pytest.mark.parametrize(
    ("operator", "actual", "value", "expected"),
    [
        ("equals", "Technical", "technical", True),
        ("equals", "STRASSE", "straße", True),
        ("equals", " a", "a", False),
        ("equals", 1, 1.0, True),
        ("equals", 10**400, 1.5, False),
        ("equals", 1, True, False),
        ("equals", False, 0, False),
        ("equals", 1, "1", False),
        ("equals", None, None, True),
        ("equals", None, "", False),
        ("equals", [1, "A"], [1.0, "a"], True),
        ("equals", [1], [1, 2], False),
        ("equals", {"k": "A"}, {"k": "a"}, True),
        ("equals", {"K": "a"}, {"k": "a"}, False),
        ("equals", {}, [], False),
        ("equals", MISSING, None, None),
        ("not_equals", "a", "b", True),
        ("not_equals", "a", 1, True),
        ("not_equals", "a", "A", False),
        ("not_equals", MISSING, "a", None),
        ("in", "B", ["a", "b"], True),
        ("in", 2, ["2"], False),
        ("in", "a", "abc", None),
        ("not_in", "c", ["a", "b"], True),
        ("not_in", "A", ["a"], False),
        ("not_in", MISSING, ["a"], None),
        ("contains", "The Invoice", "invoice", True),
        ("contains", "text", 1, None),
        ("contains", ["A", 1], "a", True),
        ("contains", ["a"], 1, False),
        ("contains", {"a": 1}, "a", None),
        ("contains", None, "a", None),
        ("not_contains", "text", "z", True),
        ("not_contains", 5, "z", None),
        ("starts_with", "Refund me", "refund", True),
        ("starts_with", 1, "1", None),
        ("ends_with", "the END", "end", True),
        ("ends_with", ["end"], "end", None),
        ("matches", "order 123", r"\d+", True),
        ("matches", "Order", "order", False),
        ("matches", "Order", "(?i)order", True),
        ("matches", 123, r"\d+", None),
        ("matches", "aaa", "(?=a)", None),
        ("matches", "x" * 65_536 + "y", "y", False),
        ("matches", "x" * 65_535 + "y", "y", True),
        ("matches", "\ud800x", "x", True),
        ("gt", 2, 1, True),
        ("gt", 1, 1, False),
        ("gt", "2", 1, None),
        ("gt", True, 0, None),
        ("gt", "b", "a", None),
        ("gte", 1.0, 1, True),
        ("lt", "2026-01-31", "2026-02-01", True),
        ("lt", "2026-01-31T23:00:00Z", "2026-02-01", True),
        ("lte", "2026-01-31T23:00:00-02:00", "2026-02-01", False),
        ("lt", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", True),
        ("lt", "2026-02-30", "2026-03-01", None),
        ("lt", "31.01.2026", "2026-03-01", None),
        ("gt", 10**400, 1.5, True),
        ("between", 5, [1, 5], True),
        ("between", 0.9, [1, 5], False),
        ("between", "2026-02-01", ["2026-01-01", "2026-12-31"], True),
        ("between", 3, ["2026-01-01", 5], None),
        ("between", 3, [1], None),
        ("between", "x", [1, 5], None),
        ("exists", None, None, True),
        ("exists", MISSING, None, False),
        ("not_exists", 0, None, False),
        ("not_exists", MISSING, None, True),
        ("is_empty", None, None, True),
        ("is_empty", "", None, True),
        ("is_empty", [], None, True),
        ("is_empty", {}, None, True),
        ("is_empty", " ", None, False),
        ("is_empty", 0, None, False),
        ("is_empty", False, None, False),
        ("is_empty", MISSING, None, None),
        ("is_true", True, None, True),
        ("is_true", 1, None, False),
        ("is_true", "true", None, False),
        ("is_true", MISSING, None, None),
        ("no_such_operator", 1, 1, None),
    ],
)
def test_operator_decides_as_the_table_says(
    operator: str, actual: Any, value: Any, expected: bool | None
) -> None:
    assert apply_operator(operator, actual, value, ignore_case=True) is expected


@pytest.mark.parametrize(
    ("operator", "actual", "value"),
    [
        ("equals", "A", "a"),
        ("in", "A", ["a"]),
        ("contains", "ABC", "b"),
        ("contains", ["A"], "a"),
        ("starts_with", "Abc", "a"),
        ("ends_with", "abC", "c"),
        ("equals", ["A"], ["a"]),
    ],
)
def test_strings_keep_their_case_when_it_is_asked_for(operator: str, actual: Any, value: Any) -> None:
    assert apply_operator(operator, actual, value, ignore_case=True) is True
    assert apply_operator(operator, actual, value, ignore_case=False) is False


ALL_OF = {"TT": True, "TF": False, "T?": None, "FF": False, "F?": False, "??": None}
ANY_OF = {"TT": True, "TF": True, "T?": True, "FF": False, "F?": None, "??": None}


@pytest.mark.parametrize(
    ("pair", "expected"), [*ALL_OF.items(), *((pair[::-1], v) for pair, v in ALL_OF.items())]
)
def test_a_list_and_all_combine_in_three_valued_logic(pair: str, expected: bool | None) -> None:
    items = tuple(LOGIC[one] for one in pair)

    assert judge(items, EMPTY).verdict is expected
    assert judge((AllOf(items=items),), EMPTY).verdict is expected


@pytest.mark.parametrize(
    ("pair", "expected"), [*ANY_OF.items(), *((pair[::-1], v) for pair, v in ANY_OF.items())]
)
def test_any_combines_in_three_valued_logic(pair: str, expected: bool | None) -> None:
    assert judge((AnyOf(items=tuple(LOGIC[one] for one in pair)),), EMPTY).verdict is expected


@pytest.mark.parametrize(("one", "expected"), [("T", False), ("F", True), ("?", None)])
def test_not_leaves_undecidable_as_it_is(one: str, expected: bool | None) -> None:
    assert judge((Not(item=LOGIC[one]),), EMPTY).verdict is expected


class TestRecord:
    def test_every_item_is_recorded_with_what_was_seen_even_after_the_verdict_is_clear(self) -> None:
        record = judge((FALSE, AnyOf(items=(TRUE, Not(item=UNKNOWN)))), EMPTY).record

        no, either = record
        assert (no["seen"], no["verdict"]) == (False, False)
        assert [item["verdict"] for item in either["any"]] == [True, None]
        assert either["any"][1]["not"]["missing"] is True
        assert "seen" not in either["any"][1]["not"]

    def test_a_long_value_is_recorded_by_its_beginning(self) -> None:
        view = View(initial_prompt="x" * 10_000, steps={}, context={"list": list(range(10_000))})
        conditions = (
            compare("initial_prompt", "equals", "y" * 10_000),
            compare("context", "is_empty", at="list"),
        )

        record = judge(conditions, view).record

        assert len(json.dumps(record)) < 1_500

    @pytest.mark.parametrize(
        ("items", "field"),
        [
            ((UNKNOWN, FALSE), "context.no"),
            ((UNKNOWN, TRUE), "context.gone"),
            ((TRUE, AnyOf(items=(FALSE, UNKNOWN))), "context.gone"),
            ((AllOf(items=(TRUE, FALSE)),), "context.no"),
            ((Not(item=UNKNOWN),), "context.gone"),
            ((Not(item=TRUE),), None),
        ],
    )
    def test_the_culprit_is_the_comparison_that_gave_the_list_its_verdict(
        self, items: tuple[Condition, ...], field: str | None
    ) -> None:
        culprit = find_culprit(judge(items, EMPTY).record)

        assert (culprit or {}).get("field") == field


class TestPaths:
    plan = make_plan(make_step("k"), make_step("s"), make_step("f"), make_step("t"))
    view = view_of(
        plan,
        state_of(
            plan,
            stand(
                "k", "completed", data={"a.b": {"c": [1, {"d": None}]}, "a": {"b": 2, "x": 3}, "0": "zero"}
            ),
            stand("s", "condition_false"),
            stand("f", "failed", text="kept"),
            stand("t", "completed", data=[5]),
            prompt="Do it",
            context={"a": {"b": 1}, "a.b": {"c": 2}, "list": [[1, 2]], "agent_k_result": "forged"},
        ),
    )

    @pytest.mark.parametrize(
        ("root", "step", "at", "expected"),
        [
            ("initial_prompt", None, "", "Do it"),
            ("initial_prompt", None, "x", MISSING),
            ("text", "k", "", "text of k"),
            ("text", "k", "0", MISSING),
            ("status", "k", "", "completed"),
            ("status", "s", "", "skipped"),
            ("text", "s", "", None),
            ("data", "s", "", None),
            ("data", "s", "x", MISSING),
            ("text", "f", "", "kept"),
            ("result", "f", "", MISSING),
            ("result", "s", "", MISSING),
            ("data", "k", "a.b.c.0", 1),
            ("data", "k", "a.b.c.1.d", None),
            ("data", "k", "a.x", 3),
            ("data", "k", "a.b.x", MISSING),
            ("data", "k", "0", "zero"),
            ("data", "k", "a.b.c.2", MISSING),
            ("data", "k", "a.b.c.-1", MISSING),
            ("data", "k", "a.b.c.00", MISSING),
            ("data", "k", "a.b.c.\u0661", MISSING),
            ("data", "k", "a.b.c." + "9" * 5_000, MISSING),
            ("data", "k", "keys", MISSING),
            ("result", "k", "a.x", 3),
            ("result", "t", "", "text of t"),
            ("result", "t", "0", MISSING),
            ("data", "t", "0", 5),
            ("context", None, "a.b.c", 2),
            ("context", None, "a.b", {"c": 2}),
            ("context", None, "a", {"b": 1}),
            ("context", None, "list.0.1", 2),
            ("context", None, "gone", MISSING),
            ("context", None, "agent_k_result.a.x", 3),
            ("context", None, "agent_s_result", MISSING),
        ],
    )
    def test_path_leads_to_its_value_or_nowhere(
        self, root: Any, step: str | None, at: str, expected: Any
    ) -> None:
        segments = tuple(at.split(".")) if at else ()

        assert self.view.resolve(Path(text="p", root=root, step=step, segments=segments)) == expected


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(OPERATORS), VALUES, VALUES, st.booleans())
def test_no_value_raises_and_the_record_is_json(
    operator: str, actual: Any, value: Any, ignore_case: bool
) -> None:
    view = View(initial_prompt="", steps={}, context={"v": actual})
    path = Path(text="context.v", root="context", segments=("v",))
    condition = Comparison(path=path, operator=operator, value=value, ignore_case=ignore_case)

    judgement = judge((condition,), view)

    assert judgement.verdict in (True, False, None)
    json.dumps(judgement.record)


@given(VALUES, VALUES, st.booleans())
def test_a_negated_operator_is_the_negation_wherever_it_is_decided(
    one: Any, other: Any, ignore_case: bool
) -> None:
    for plain, negated in (("equals", "not_equals"), ("in", "not_in"), ("contains", "not_contains")):
        verdict = apply_operator(plain, one, other, ignore_case=ignore_case)

        expected = None if verdict is None else not verdict
        assert apply_operator(negated, one, other, ignore_case=ignore_case) is expected


@given(VALUES)
def test_every_value_equals_itself(value: Any) -> None:
    assert apply_operator("equals", value, value, ignore_case=False) is True
