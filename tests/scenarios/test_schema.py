"""The JSON Schemas that editors complete by take what we take, and refuse what a schema can refuse (F43)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from engine.cli.check import check
from engine.directory.document import read_document
from engine.scenarios.live import scenario_files
from engine.scenarios.schema import scenario_schema, tenant_schema
from engine.scenarios.schema import tests_schema as schema_of_tests
from engine.scenarios.steps import STEP_TYPES

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
# What is wrong by itself, and what is wrong only beside something else; a wrong value may be either.
BY_ITSELF = {"missing-name", "missing-type", "unknown-name", "unknown-type", "wrong-type", "empty-value"}
EITHER = {"wrong-value"}
SCENARIO, TENANT = Draft7Validator(scenario_schema()), Draft7Validator(tenant_schema())
TESTS = Draft7Validator(schema_of_tests())


def wrong(validator: Draft7Validator, path: Path) -> list[str]:
    return [error.message for error in validator.iter_errors(read_document(path).data)]


def broken(folder: str) -> list[Path]:
    """Broken files that are YAML."""
    paths = sorted((HERE / folder).glob("*.yaml"))
    return [path for path in paths if (document := read_document(path)).data and not document.findings]


def test_they_are_schemas() -> None:
    Draft7Validator.check_schema(scenario_schema())
    Draft7Validator.check_schema(tenant_schema())
    Draft7Validator.check_schema(schema_of_tests())


def test_all_our_files_are_right_by_them() -> None:
    scenarios = [path for folder in (CHECKOUT / "ivr_scenarios").iterdir() for path in scenario_files(folder)]
    tenants = list((CHECKOUT / "config" / "tenants").glob("*.yaml"))
    assert scenarios
    assert tenants
    assert {str(path): wrong(SCENARIO, path) for path in scenarios if wrong(SCENARIO, path)} == {}
    assert {str(path): wrong(TENANT, path) for path in tenants if wrong(TENANT, path)} == {}
    tests = list((CHECKOUT / "ivr_scenarios").glob("*/tests.yaml"))
    assert tests
    assert {str(path): wrong(TESTS, path) for path in tests if wrong(TESTS, path)} == {}


def test_what_looks_wrong_and_is_right() -> None:
    for path in (HERE / "right").glob("*.yaml"):
        # We take `yes` for true; an editor may ask for the word that YAML has.
        assert wrong(SCENARIO, path) == [] or path.stem == "yes-is-true", path


@pytest.mark.parametrize("path", [*broken("broken"), *broken("broken/tenants")], ids=lambda path: path.stem)
def test_what_is_wrong_by_itself_is_refused_and_nothing_else(path: Path) -> None:
    codes = {line.split()[1].rstrip(":") for line in path.with_suffix(".expected").read_text().splitlines()}
    found = wrong(TENANT if path.parent.name == "tenants" else SCENARIO, path)
    if codes & BY_ITSELF:
        assert found
    elif not codes & EITHER:
        assert found == []


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("a-key-of-two-digits", "'12' does not match any of the regexes"),
        ("too-many-attempts", "99 is greater than the maximum of 10"),
        ("a-timeout-that-is-none", "'5 sec' does not match"),
        ("unknown-way-of-saying", "'letters' is not one of"),
        ("at-sign-in-quotes", "'@desk' does not match"),
    ],
)
def test_wrong_values_that_a_schema_can_tell(name: str, refused: str) -> None:
    assert any(refused in message for message in wrong(SCENARIO, HERE / "broken" / f"{name}.yaml"))


def test_a_step_is_told_of_by_its_own_type_alone() -> None:
    assert wrong(SCENARIO, HERE / "broken" / "unknown-name-in-a-step.yaml") == [
        "Additional properties are not allowed ('promt' was unexpected)",
        "'prompt' is a required property",
    ]


def test_editors_show_what_each_step_and_name_is() -> None:
    definitions = scenario_schema()["$defs"]
    kinds = definitions["Step"]["properties"]["type"]
    assert kinds["enum"] == list(STEP_TYPES)
    assert all(kinds["markdownEnumDescriptions"])
    for step in STEP_TYPES.values():
        for name, field in definitions[step.__name__]["properties"].items():
            assert name == "type" or field.get("description"), f"{step.__name__}.{name}"
    offered = scenario_schema()["properties"]["steps"]["defaultSnippets"]
    snippets = {snippet["label"]: snippet["body"] for snippet in offered}
    assert snippets["play"] == {"${1:name}": {"type": "play", "prompt": "$2"}}
    assert definitions["RingStep"]["properties"]["timeout"]["patternErrorMessage"].startswith(
        "Expected a time"
    )


def test_patterns_mean_the_same_in_an_editor() -> None:
    """JavaScript's backslash w is Latin alone, and it knows no groups with flags."""

    def patterns(schema: Any) -> list[str]:
        if isinstance(schema, list):
            return [one for inner in schema for one in patterns(inner)]
        if not isinstance(schema, dict):
            return []
        own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
        own += list(schema.get("patternProperties", ()))
        return own + [one for inner in schema.values() for one in patterns(inner)]

    found = {*patterns(scenario_schema()), *patterns(tenant_schema())}
    assert found
    for pattern in found:
        re.compile(pattern)
        assert "\\w" not in pattern
        assert "(?" not in pattern.replace("(?:", "")


def test_the_command_prints_them() -> None:
    made = {"scenario": scenario_schema(), "tenant": tenant_schema(), "tests": schema_of_tests()}
    for kind, schema in made.items():
        printed = CliRunner().invoke(check, ["--schema", kind])
        assert printed.exit_code == 0
        assert json.loads(printed.stdout) == schema
