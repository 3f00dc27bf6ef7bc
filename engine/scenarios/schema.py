"""JSON Schemas of the three kinds of file, made from the models, so that editors complete and check."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from engine.directory.explain import PATTERN_WORDS
from engine.directory.model import TenantModel
from engine.directory.prompt_model import PROMPT_NAME
from engine.scenarios.model import ScenarioModel, StepModel
from engine.scenarios.simulate.tests_model import TestsModel
from engine.scenarios.steps import STEP_TYPES

# What editors know best; nothing in our schemas is newer.
_DIALECT = "http://json-schema.org/draft-07/schema#"
# `\\w` is Latin alone in JavaScript, where a prompt may be called “привет” too.
_WORD = r"0-9A-Za-z_\u0080-\uffff"
_PATTERNS = {PROMPT_NAME: rf"^[{_WORD}][{_WORD}.-]*(/[{_WORD}][{_WORD}.-]*)*$"}
# Below these are names of ours, and no words of the schema's.
_BY_NAME = ("properties", "patternProperties", "$defs")
_TELEPHONE = {"pattern": r"^\+[1-9][0-9]{6,14}$"}


def tenant_schema() -> dict[str, Any]:
    """Of `config/tenants/NAME.yaml`."""
    schema = _for_editors(TenantModel.model_json_schema())
    for name in ("numbers", "phone_book"):
        schema["properties"][name]["propertyNames"] = _TELEPHONE
    return {"$schema": _DIALECT, "title": "vats: a tenant", **schema}


def scenario_schema() -> dict[str, Any]:
    """Of `ivr_scenarios/TENANT/NAME.yaml`.

    A step is checked against the one schema that its `type` names, and not tried against all: so an editor
    says what is wrong with it, and completes what belongs to it.
    """
    schema = ScenarioModel.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    for step in STEP_TYPES.values():
        own = TypeAdapter(step).json_schema(ref_template="#/$defs/{model}")
        definitions.update(own.pop("$defs", {}))
        own["required"] = ["type", *own.get("required", [])]
        definitions[step.__name__] = own
    definitions["Step"] = _step()
    steps = schema["properties"]["steps"]
    steps["patternProperties"] = {one: {"$ref": "#/$defs/Step"} for one in steps["patternProperties"]}
    steps["defaultSnippets"] = [_snippet(kind, step) for kind, step in STEP_TYPES.items()]
    return {"$schema": _DIALECT, "title": "vats: a scenario", **_for_editors(schema)}


def tests_schema() -> dict[str, Any]:
    """Of `ivr_scenarios/TENANT/tests.yaml`."""
    schema = _for_editors(TestsModel.model_json_schema())
    return {"$schema": _DIALECT, "title": "vats: tests of scenarios", **schema}


def _step() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "one step: its `type` and what belongs to it",
        "required": ["type"],
        "properties": {
            "type": {
                "description": "what the step does",
                "enum": list(STEP_TYPES),
                # Shown by editors beside each word that they offer.
                "markdownEnumDescriptions": [_about(step) for step in STEP_TYPES.values()],
            }
        },
        "allOf": [
            {
                "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{step.__name__}"},
            }
            for kind, step in STEP_TYPES.items()
        ],
    }


def _snippet(kind: str, step: type[StepModel]) -> dict[str, Any]:
    """What an editor puts in for a new step: its name, its type and all that must be given."""
    required = [name for name, field in step.model_fields.items() if field.is_required()]
    body = {"type": kind, **{name: f"${number}" for number, name in enumerate(required, 2)}}
    return {"label": kind, "description": _about(step), "body": {"${1:name}": body}}


def _about(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _for_editors(schema: Any) -> Any:
    """What pydantic makes, with what it leaves out and without what is in an editor's way."""
    if isinstance(schema, list):
        return [_for_editors(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for name, one in schema.items():
        # Titles repeat the names. A default of null, and null itself, is a name that is left out.
        if (name == "title" and isinstance(one, str)) or (name == "default" and one is None):
            continue
        if name == "anyOf" and {"type": "null"} in one:
            others = [_for_editors(other) for other in one if other != {"type": "null"}]
            made.update(others[0] if len(others) == 1 else {"anyOf": others})
            continue
        if name in _BY_NAME and isinstance(one, dict):
            made[name] = {key: _for_editors(inner) for key, inner in one.items()}
            continue
        if name == "pattern":
            made[name] = _PATTERNS.get(one, one)
            if one in PATTERN_WORDS:
                made["patternErrorMessage"] = f"Expected {PATTERN_WORDS[one]}."
            continue
        made[name] = _for_editors(one)
    if "patternProperties" in made:
        # Else a name that does not fit the pattern would be taken, with any content.
        made.setdefault("additionalProperties", False)
    return made
