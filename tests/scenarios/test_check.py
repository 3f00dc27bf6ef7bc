"""`vats check`: every mistake by file and line, exit codes, and nothing wrong where nothing is (F43)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.check import check
from engine.scenarios.folder import check_path
from engine.scenarios.steps import STEP_TYPES
from tests.scenarios.test_broken_files import TENANT

HEAD = "scenario: main\nstart: hello\nsteps:\n"
CHECKOUT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "tenants" / "acme.yaml").write_text(TENANT)
    (tmp_path / "ivr_scenarios" / "acme").mkdir(parents=True)
    return tmp_path


def scenario(folder: Path, text: str | bytes, name: str = "main") -> Path:
    path = folder / "ivr_scenarios" / "acme" / f"{name}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_place_is_exact_to_the_column(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: ring, group: salse}\n")
    finding = check_path(path, folder, None)[0]
    assert (finding.line, finding.column) == (4, 30)


def test_a_whole_folder(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: hangup}\n", "other")
    (folder / "ivr_scenarios" / "nobody").mkdir()
    (folder / "ivr_scenarios" / "nobody" / "main.yaml").write_text(HEAD + "  hello: {type: hangup}\n")
    said = [str(finding).replace(str(folder), "FOLDER") for finding in check_path(folder, folder, None)]
    assert said == [
        "FOLDER/config/tenants/acme.yaml:3: number +74951234567 has no scenario main, expected one of other",
        f"FOLDER/ivr_scenarios/acme/other.yaml:1: scenario is main in a file named {path.name}, "
        "expected scenario: other",
        "FOLDER/ivr_scenarios/nobody/main.yaml:1: there is no tenant nobody, "
        "expected FOLDER/config/tenants/nobody.yaml",
    ]


def test_files_that_nobody_reads_are_told(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: hangup}\n")
    for place in (path.parent, folder / "config" / "tenants"):
        (place / "other.yml").write_text("anything")
    assert [str(finding).replace(str(folder), "FOLDER") for finding in check_path(folder, folder, None)] == [
        f"FOLDER/{place}/other.yml:1: warning: the file is not read, "
        "expected a name that ends in .yaml: other.yaml"
        for place in ("config/tenants", "ivr_scenarios/acme")
    ]


def test_a_dial_to_our_own_number_is_a_circle(folder: Path) -> None:
    file = folder / "config" / "tenants" / "acme.yaml"
    file.write_text(TENANT + 'outgoing: {trunk: city, number: "+74951234567"}\n')
    path = scenario(folder, HEAD + '  hello: {type: dial, number: "8 495 123-45-67"}\n')
    assert [str(finding) for finding in check_path(path, folder, None)] == [
        f"{path}:4: +74951234567 is a number of the tenant itself: the call would come back, "
        "expected another number"
    ]


def test_the_tenants_own_recording_is_a_prompt(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: hangup, prompt: our-news}\n")
    assert len(check_path(path, folder, None)) == 1
    (path.parent / "prompts").mkdir()
    (path.parent / "prompts" / "our-news.mp3").write_bytes(b"ID3")
    assert check_path(path, folder, None) == []


def test_exit_codes_and_streams(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: paly}\n")
    wrong = CliRunner().invoke(check, [str(path)])
    assert wrong.exit_code == 1
    assert wrong.stderr.splitlines()[0].startswith(f"{path}:4: unknown step type paly, expected one of callback,")
    assert wrong.stdout == ""
    listed = CliRunner().invoke(check, [str(path), "--json"])
    found = json.loads(listed.stdout)
    assert (found["line"], found["severity"], found["message"]) == (4, "error", "unknown step type paly")
    scenario(folder, HEAD + "  hello: {type: hangup}\n")
    good = CliRunner().invoke(check, [str(folder)])
    assert (good.exit_code, good.stdout) == (0, "all is well\n")
    scenario(folder, HEAD + "  hello: {type: hangup}\n  bye: {type: hangup}\n")
    warned = CliRunner().invoke(check, [str(path)])
    assert (warned.exit_code, warned.stdout) == (0, "0 errors, 1 warnings\n")
    assert CliRunner().invoke(check, [str(folder / "nothing")]).exit_code == 2
    assert CliRunner().invoke(check, ["--colour"]).exit_code == 2


def test_the_demo_tenant_is_right() -> None:
    result = CliRunner().invoke(check, [str(CHECKOUT)])
    assert (result.exit_code, result.output) == (0, "all is well\n")


def test_the_schema_knows_every_step_type() -> None:
    made = json.loads(CliRunner().invoke(check, ["--schema"]).stdout)
    (steps,) = made["properties"]["steps"]["patternProperties"].values()
    named = {
        made["$defs"][one["$ref"].rpartition("/")[2]]["properties"]["type"]["const"] for one in steps["oneOf"]
    }
    assert named == set(STEP_TYPES)
    tenant = json.loads(CliRunner().invoke(check, ["--schema", "tenant"]).stdout)
    assert "numbers" in tenant["properties"]
