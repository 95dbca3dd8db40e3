"""The whole API against its own description: whatever is sent, the answer is as it says.

A page of its own is asked over HTTP, by an operator with a token. Rightly made requests and
wrongly made ones; status codes, content types and bodies must be those of the description, and
nothing may end in a 5xx or without the headers that every answer has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from tests.web.support import OPERATOR, sign_in, token_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.hosting import Hosted

schemathesis = pytest.importorskip("schemathesis", reason="pip install schemathesis")

from schemathesis.checks import not_a_server_error  # noqa: E402 - an extra
from schemathesis.specs.openapi.checks import (  # noqa: E402 - as above
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def asked(host: Callable[..., Hosted], tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    """A page of its own: it is full of strange people afterwards."""
    return host(tmp_path_factory.mktemp("fuzzed"))


@pytest.fixture(scope="module")
def bearer(asked: Hosted) -> dict[str, str]:
    with httpx.Client(base_url=asked.address) as client:
        sign_in(client, OPERATOR)
        client.headers["x-csrftoken"] = token_in(client.get("/about").text)
        made = client.post("/api/me/tokens", json={"label": "schemathesis"}).json()
    return {"Authorization": f"Bearer {made['token']}"}


@pytest.fixture(scope="module")
def described(asked: Hosted) -> Any:
    """The description, without what would take the token away, and without endless streams."""
    document = httpx.get(f"{asked.address}/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=asked.address)
    return schema.exclude(path_regex=r"/api/me/tokens/.*").exclude(path_regex=r"/(stream|events)$")


def judged(case: Any, bearer: dict[str, str]) -> int:
    """Send it; its status, once the answer was found to be as described."""
    answer = case.call(headers=bearer, timeout=30)
    case.validate_response(answer, checks=CHECKS)
    assert "content-security-policy" in answer.headers
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] == "application/problem+json"
        told = answer.json()
        assert told["status"] == answer.status_code
        assert told["detail"]
    status: int = answer.status_code
    return status


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_the_description_says(
    described: Any, bearer: dict[str, str], mode: Any
) -> None:
    asked = 0
    for operation in (found.ok() for found in described.get_all_operations()):
        try:
            strategy = operation.as_strategy(generation_mode=mode)

            @FEW
            @given(strategy)
            def try_it(case: Any) -> None:
                judged(case, bearer)

            try_it()
        except Unsatisfiable:
            continue  # nothing can be wrong about a request without parts
        except Exception as failed:
            failed.add_note(f"{operation.method.upper()} {operation.path}")
            raise
        asked += 1
    assert asked >= 5


def test_the_description_names_every_part_of_the_api(asked: Hosted) -> None:
    document = httpx.get(f"{asked.address}/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/me", "/api/people", "/api/deeds", "/api/health"} <= set(document["paths"])
    for path, operations in document["paths"].items():
        for method, told in operations.items():
            assert told.get("summary"), (method, path)
            assert "application/problem+json" in told["responses"]["default"]["content"]
