"""/openapi.json: the document is valid 3.1 in all that we use of it, and says of every route what is true."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

from gateway.web.openapi import canonical, document
from gateway.web.routes import ROUTES
from tests.web.desk import Desk, draft

DOCUMENT = document(ROUTES)
OPERATIONS = [(path, method, found) for path, item in DOCUMENT["paths"].items() for method, found in item.items()]
loop_wide = pytest.mark.asyncio(loop_scope="module")


def test_every_route_stands_in_it_and_nothing_else() -> None:
    assert {(method, path) for path, method, _ in OPERATIONS} == {
        (route.method.lower(), canonical(route.template)) for route in ROUTES
    }
    assert len(OPERATIONS) == len(ROUTES)


def test_operations_have_names_of_their_own() -> None:
    names = [found["operationId"] for _, _, found in OPERATIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_path_parameters_are_those_of_the_path(path: str, method: str, operation: dict[str, Any]) -> None:
    named = [param["name"] for param in operation["parameters"] if param["in"] == "path"]
    assert named == re.findall(r"\{(\w+)\}", path)
    assert all(param["required"] for param in operation["parameters"] if param["in"] == "path")
    assert all(param["description"] != param["name"] for param in operation["parameters"])


def test_every_reference_leads_somewhere() -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                found: Any = DOCUMENT
                for step in value["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(DOCUMENT)


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_schemas_are_json_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def fits(name: str, value: Any) -> None:
    jsonschema.Draft202012Validator(DOCUMENT["components"]["schemas"][name]).validate(value)


@loop_wide
async def test_it_is_served(desk: Desk) -> None:
    found = (await desk.get("/openapi.json")).json
    assert found["openapi"] == "3.1.0"
    assert found["paths"].keys() == DOCUMENT["paths"].keys()


@loop_wide
async def test_answers_fit_what_it_says(desk: Desk) -> None:
    one = draft(1)
    fits("Draft", one)
    fits("Receipt", (await desk.publish(one)).json)
    fits("Receipt", (await desk.publish({})).json)
    fits("Problem", (await desk.get("/nothing")).json)
    for log in (await desk.get("/v1/logs")).json["logs"]:
        fits("Log", log)
    asked = {"number": one["data"]["number"]}
    fits("Question", asked)
    fits("Verdict", (await desk.ask("POST", "/v1/verifications", asked)).json)
