"""No file, whatever is in it, gets more than findings (F43)."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.directory.document import parse_document
from engine.directory.finding_codes import CODES
from engine.directory.loader import load_tenant
from engine.scenarios.check import check_scenario
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import load_scenario, restored, stored

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# All of them together have steps of every type.
SCENARIOS = [
    (path.parent.name, path.stem, path.read_text())
    for folder in sorted((CHECKOUT / "ivr_scenarios").iterdir())
    for path in scenario_files(folder)
]
ROMASHKA = (CHECKOUT / "config" / "tenants" / "romashka.yaml").read_text()
PIECES = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        "-",
        "null",
        "true",
        "1",
        "-1",
        "1.5",
        "&a",
        "*a",
        "!x",
        "?",
        "|",
        "#",
        '"',
        "'",
        "~",
        "steps:",
        "<<:",
        "2026-02-30",
        "0x1F",
        "\x00",
        "\ud7ff",
        "type: menu",
        " {type: ring}",
        " - ",
        "\n",
        "\t",
        " ",
        "",
    ]
)
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """A good file with a few pieces put in, each in the place of some of its characters."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(PIECES) + text[at + draw(st.integers(0, 12)) :]
    return text


@given(st.text(max_size=300))
def test_any_text_is_a_document_or_has_findings(text: str) -> None:
    document = parse_document(text, "any.yaml")
    assert document.findings or isinstance(document.data, dict)
    lines = max(1, text.count("\n") + text.count("\r") + text.count("\x85") + 1 + len(text.splitlines()))
    assert all(1 <= finding.line <= lines for finding in document.findings)


@same_folder
@given(st.data())
def test_an_edited_scenario_is_right_or_has_errors(tmp_path: Path, data: st.DataObject) -> None:
    name, stem, right = data.draw(st.sampled_from(SCENARIOS))
    path = tmp_path / f"{stem}.yaml"
    path.write_text(data.draw(edited(right)), encoding="utf-8")
    tenant = load_tenant(CHECKOUT / "config" / "tenants" / f"{name}.yaml").tenant
    assert tenant is not None
    file = load_scenario(path, name)
    findings = check_scenario(file, tenant)
    assert {one.code for one in findings} <= CODES.keys()
    if file.scenario is None:
        assert any(finding.severity == "error" for finding in findings)
    else:
        assert restored(stored(file.scenario)) == file.scenario


@same_folder
@given(edited(ROMASHKA))
def test_an_edited_tenant_is_right_or_has_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "romashka.yaml"
    path.write_text(text, encoding="utf-8")
    file = load_tenant(path)
    assert file.tenant is not None or any(finding.severity == "error" for finding in file.findings)
