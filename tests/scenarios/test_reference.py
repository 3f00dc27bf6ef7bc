"""The administrators' reference is what the models say, and the schema takes what we take."""

from pathlib import Path

from engine.directory.finding_codes import CODES
from engine.scenarios.examples import EXAMPLES
from engine.scenarios.reference import example, files
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


def test_every_step_has_an_example_that_is_right() -> None:
    assert EXAMPLES.keys() == STEP_TYPES.keys()
    reference = files()["scenario-reference.md"]
    for kind, text in EXAMPLES.items():
        assert example(kind).kind == kind
        assert text in reference


def test_every_variable_has_a_type_and_tells_who_sets_it() -> None:
    reference = files()["scenario-reference.md"]
    rows = [line.split(" | ") for line in reference.splitlines() if line.startswith("| `{")]
    by_name = {row[0].removeprefix("| `{").removesuffix("}`"): row[1:] for row in rows}
    assert by_name["caller.number"][0] == "phone"
    assert by_name["operator"][2] == "`menu`, `ring`, `queue`, `dial` |"
    assert by_name["schedule.until"][0] == "time"
    assert "contract" not in by_name
    assert all(row[1] for row in by_name.values())


def test_every_code_of_a_finding_is_explained() -> None:
    guide = files()["check.md"]
    for code, kind in CODES.items():
        assert f"| `{code}` | {kind.about} | {kind.cure} |" in guide
