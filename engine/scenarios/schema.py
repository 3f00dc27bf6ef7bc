"""JSON Schemas of the two kinds of file, made from the models, so that editors complete and check."""

from typing import Any

from pydantic import TypeAdapter

from engine.directory.model import TenantModel
from engine.scenarios.model import ScenarioModel
from engine.scenarios.steps import STEP_TYPES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def tenant_schema() -> dict[str, Any]:
    """Of `config/tenants/NAME.yaml`."""
    return {"$schema": _DIALECT, **TenantModel.model_json_schema()}


def scenario_schema() -> dict[str, Any]:
    """Of `ivr_scenarios/TENANT/NAME.yaml`: one of the step types by its `type`."""
    schema = ScenarioModel.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    for step in STEP_TYPES.values():
        own = TypeAdapter(step).json_schema(ref_template="#/$defs/{model}")
        definitions.update(own.pop("$defs", {}))
        own["required"] = ["type", *own.get("required", [])]
        definitions[step.__name__] = own
    schema["properties"]["steps"]["patternProperties"] = {
        pattern: {"oneOf": [{"$ref": f"#/$defs/{step.__name__}"} for step in STEP_TYPES.values()]}
        for pattern in schema["properties"]["steps"].pop("patternProperties", {"^": {}})
    }
    return {"$schema": _DIALECT, **schema}
