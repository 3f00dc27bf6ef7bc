"""The administrators' reference is what the models say, and the schema takes what we take."""

from pathlib import Path

from engine.scenarios.reference import files
from engine.scenarios.steps import STEP_TYPES

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def test_the_reference_in_the_docs_is_up_to_date() -> None:
    for name, content in files().items():
        written = (CHECKOUT / "docs" / "administrators" / name).read_text()
        assert written == content, f"{name}: run python -m engine.scenarios.reference docs/administrators"


def test_every_step_and_every_field_is_explained() -> None:
    reference = files()["scenario-reference.md"]
    for name, step in STEP_TYPES.items():
        assert f"### `{name}`" in reference
        for field, info in step.model_fields.items():
            assert field == "type" or info.description, f"{name}.{field} has no description"
