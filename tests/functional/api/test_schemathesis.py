"""Requests made from the OpenAPI document itself, valid and broken ones, and every answer held against it.

Each request is taken back when it is answered, so that none of them deletes what the next one is about.
"""

from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.functional.api.conftest import token_for

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture
def schema(kept_connection: None) -> Any:
    """Give the document, read by the tool, over the application in this process."""
    config = SchemathesisConfig.from_dict(
        {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}}
    )
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), config=config)


@pytest.fixture
def places(mine) -> dict[str, Any]:
    """Give what stands in the path of each address, so that requests reach something."""
    known = {name: value if name == "number" else str(value) for name, value in mine.items()}
    return known | {"service": "openai", "slug": "analysts", "template_key": "customer-service"}


def faults_of(case: Case, headers: dict[str, str]) -> list[str]:
    """Send one request, take it back, and return what is wrong with its answer."""
    with transaction.atomic():
        response = case.call(headers=headers)
        transaction.set_rollback(True)
    try:
        case.validate_response(response, checks=CHECKS, headers=headers)
    except BaseExceptionGroup as group:
        return [f"{case.method} {case.operation.path}: {error}" for error in group.exceptions]
    except AssertionError as error:
        return [f"{case.method} {case.operation.path}: {error}"]
    return []


def send_all(schema: Any, places: dict[str, Any], token: str, examples: int) -> tuple[int, set[str]]:
    """Send so many valid and so many broken requests to each operation; return how many, and all faults."""
    headers = {"Authorization": f"Bearer {token}"}
    faults: set[str] = set()
    sent = 0
    bounded = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def send(case: Case) -> None:
        nonlocal sent
        sent += 1
        faults.update(faults_of(case, headers))

    for result in schema.get_all_operations():
        operation = result.ok()
        known = {parameter.name: places[parameter.name] for parameter in operation.path_parameters}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode.is_negative and not (known or operation.query or operation.headers or operation.body):
                # There is nothing that could be wrong.
                continue
            cases = operation.as_strategy(generation_mode=mode, path_parameters=known or None)
            bounded(given(cases)(send))()
    return sent, faults


def test_requests_made_from_the_document_are_answered_as_it_says(schema, places, owner, figure) -> None:
    sent, faults = send_all(schema, places, token_for(owner), examples=4)

    figure("schemathesis_requests", sent)
    assert sent > 300
    assert not faults, "\n".join(sorted(faults))


@pytest.mark.long
def test_many_requests_made_from_the_document_are_answered_as_it_says(schema, places, owner, figure) -> None:
    sent, faults = send_all(schema, places, token_for(owner), examples=100)

    figure("schemathesis_requests_deep", sent)
    assert not faults, "\n".join(sorted(faults))
