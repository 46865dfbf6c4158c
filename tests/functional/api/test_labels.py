"""Labels of executions: given at the start, changed later, and what a list is narrowed to."""

import pytest

from executions.models import Execution
from tests.functional.api.conftest import assert_problem


@pytest.fixture
def path(execution) -> str:
    return f"/api/v1/executions/{execution.pk}"


def test_an_execution_is_started_with_labels_and_found_by_them(api, team) -> None:
    begun = api.post(
        f"/api/v1/teams/{team.pk}/executions",
        {"prompt": "Go.", "labels": ["  Quarter   4 ", "draft", "draft"]},
        headers={"Idempotency-Key": "once"},
    )
    other = api.post(f"/api/v1/teams/{team.pk}/executions", {"prompt": "Go."})

    assert begun.json()["labels"] == ["Quarter 4", "draft"]
    assert other.json()["labels"] == []
    for label, found in (("Quarter 4", [begun.json()["id"]]), ("quarter 4", []), ("draft,Quarter 4", [])):
        rows = api.get("/api/v1/executions", {"label": label}).json()["results"]
        assert [row["id"] for row in rows] == found, label


def test_the_same_key_with_other_labels_is_another_request(api, team) -> None:
    address, key = f"/api/v1/teams/{team.pk}/executions", {"Idempotency-Key": "once"}
    first = api.post(address, {"prompt": "Go."}, headers=key)
    again = api.post(address, {"prompt": "Go.", "labels": []}, headers=key)
    other = api.post(address, {"prompt": "Go.", "labels": ["x"]}, headers=key)

    assert again.json()["id"] == first.json()["id"]
    assert_problem(other, 422, "idempotency_key_reused")


def test_of_two_who_saw_the_same_labels_one_changes_them(api, path) -> None:
    tag = {"If-Match": api.get(path).headers["ETag"]}
    first = api.patch(path, {"labels": ["a"]}, headers=tag)
    second = api.patch(path, {"labels": ["b"]}, headers=tag)

    assert (first.status_code, first.json()["labels"]) == (200, ["a"])
    assert_problem(second, 412, "labels_changed")
    assert second.headers["ETag"] == first.headers["ETag"] == api.get(path).headers["ETag"]
    assert api.get(path).json()["labels"] == ["a"]
    assert_problem(api.patch(path, {"labels": []}), 428, "precondition_required")


@pytest.mark.parametrize(
    ("labels", "status"),
    [
        ([" "], 400),
        ([""], 400),
        (["a" * 41], 400),
        (["a,b"], 400),
        (["a\x00b"], 400),
        (["a\u202eb"], 400),
        (["a\nb"], 400),
        ([1], 400),
        ("a", 400),
        (None, 400),
        ([str(number) for number in range(11)], 400),
        (["a" * 40], 200),
        (["é", "e\u0301", *map(str, range(9))], 200),
    ],
)
def test_labels_are_few_short_and_readable(api, path, execution, labels, status) -> None:
    response = api.patch(path, {"labels": labels}, headers={"If-Match": "*"})

    assert response.status_code == status, response.content
    kept = Execution.objects.get(pk=execution.pk).labels
    assert (kept == []) == (status == 400)
