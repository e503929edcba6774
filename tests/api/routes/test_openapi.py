"""The service describes itself: completely, with examples, and truly."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from api.routes.callbacks.notify import Callback
from api.routes.cameras import EndRequest, MarkRequest
from api.routes.correspondence import MessageRequest
from api.routes.departures import HandoffRequest
from api.routes.desk.decisions import CoverageRequest, RefusalRequest
from api.routes.desk.footage import OutcomeRequest, PreservationRequest, SearchRequest
from api.routes.desk.links import IncidentRequest, SeenRequest, WantedRequest
from api.routes.exhibits import CorrectionRequest, ExhibitRequest
from api.routes.finance.accounts import RemittanceRequest, TermsRequest
from api.routes.releases import EditRequest, ReasonRequest, ReleaseRequest
from api.routes.remedies import AdditionRequest
from api.routes.systems.filings import RequestSubmission
from api.routes.systems.webhooks import WebhookRequest
from tests.api.asking import Web

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
BODIES: list[type[BaseModel]] = [
    ExhibitRequest,
    CorrectionRequest,
    AdditionRequest,
    ReleaseRequest,
    EditRequest,
    HandoffRequest,
    EndRequest,
    MarkRequest,
    MessageRequest,
    CoverageRequest,
    RefusalRequest,
    PreservationRequest,
    SearchRequest,
    OutcomeRequest,
    IncidentRequest,
    SeenRequest,
    WantedRequest,
    RequestSubmission,
    WebhookRequest,
    ReasonRequest,
    TermsRequest,
    RemittanceRequest,
    Callback,
]
FILES = {
    "/api/v1/uploads",
    "/api/v1/cameras/rehearsals",
    "/api/v1/cameras/imports",
    "/api/v1/requests/lists",
    "/api/v1/requests/lists/rehearsals",
    "/api/v1/requests/own/{name}/documents/{kind}",
}
DOCUMENT = Path(__file__).parents[3] / "docs/api.md"


@pytest.fixture(scope="module")
def described(web: Web) -> dict[str, Any]:
    whole: dict[str, Any] = web.ask("GET", "/openapi.json").json()
    return whole


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield method, path, operation


def walk(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def test_it_says_what_it_is(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"] == "Custos"
    assert described["info"]["version"] == version("custos-evidence")


def test_a_demonstration_says_so_first(described: dict[str, Any]) -> None:
    assert described["info"]["description"].startswith("DEMONSTRATION")


def test_every_operation_has_a_summary_a_name_and_an_answer(described: dict[str, Any]) -> None:
    names = []
    for method, path, operation in operations(described):
        assert operation["summary"], path
        assert "  " not in operation["summary"]
        assert operation["description"], path
        names.append(operation["operationId"])
        good = {status for status in operation["responses"] if status.startswith("2")}
        # A part is no other answer, but some of the same one.
        assert len(good - {"206"}) == 1, (method, path)
    assert len(names) == len(set(names))


def test_every_operation_on_evidence_needs_a_token_and_says_how_it_refuses(
    described: dict[str, Any],
) -> None:
    for _, path, operation in operations(described):
        if path.startswith("/api/"):
            assert operation["security"], path
            for status in ("401", "403", "404", "409", "422", "503"):
                content = operation["responses"][status]["content"]
                assert list(content) == ["application/problem+json"], (path, status)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for part in walk(described):
        if "$ref" in part:
            target: Any = described
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]


def test_every_field_of_a_body_has_an_example_that_the_service_itself_takes() -> None:
    for body in BODIES:
        fields = body.model_json_schema()["properties"]
        for name, field in fields.items():
            assert field.get("examples"), f"{body.__name__}.{name}"
        body.model_validate_json(
            json.dumps({name: field["examples"][0] for name, field in fields.items()})
        )


def test_every_body_is_one_of_these_or_a_file(described: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{body.__name__}" for body in BODIES}
    for _, path, operation in operations(described):
        if "requestBody" in operation:
            ((kind, content),) = operation["requestBody"]["content"].items()
            if kind == "application/octet-stream":
                assert path in FILES
            elif kind == "application/offset+octet-stream":
                assert path == "/api/v1/resumable/{resumable}"
            elif path == "/webhooks/pay":
                assert content["schema"] == {"type": "object"}, "signed over its bytes"
            else:
                assert content["schema"]["$ref"] in known


def test_the_package_is_described_as_what_it_is(described: dict[str, Any]) -> None:
    answers = described["paths"]["/api/v1/releases/{release}/package"]["get"]["responses"]
    for status in ("200", "206"):
        assert "application/zip" in answers[status]["content"]
    assert answers.keys() >= {"304", "412", "416"}


def test_every_operation_stands_in_the_document(described: dict[str, Any]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for method, path, _ in operations(described):
        assert f"`{method.upper()} {path}`" in text
