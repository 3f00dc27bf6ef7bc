"""`vats check`: every mistake by file and line, exit codes, and nothing wrong where nothing is (F43)."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.check import check
from engine.scenarios.folder import check_path
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
        "FOLDER/ivr_scenarios/acme/other.yaml:1: warning: no number leads to scenario other, "
        "expected {scenario: other} at a number of tenant acme",
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


def test_a_dial_to_the_number_that_leads_here_is_a_circle(folder: Path) -> None:
    """Also without a trunk: a number of the company's own needs none."""
    file = folder / "config" / "tenants" / "acme.yaml"
    path = scenario(folder, HEAD + '  hello: {type: dial, number: "8 495 123-45-67"}\n')
    said = f"{path}:4: %s+74951234567 leads to this scenario again: the call would come back, "
    file.write_text(TENANT)
    assert [str(finding) for finding in check_path(path, folder, None)] == [
        said % "" + "expected another number"
    ]
    more = TENANT.replace("numbers: {", 'numbers: {"+74951234568": {scenario: main}, ')
    assert more != TENANT
    file.write_text(more)
    [finding] = check_path(path, folder, None)
    assert str(finding) == said % "warning: " + "expected another number"


def test_a_dial_to_a_number_of_ours_that_leads_elsewhere_is_right(folder: Path) -> None:
    file = folder / "config" / "tenants" / "acme.yaml"
    file.write_text(TENANT.replace("numbers: {", 'numbers: {"+74951234568": {scenario: other}, '))
    scenario(folder, HEAD.replace("main", "other") + "  hello: {type: hangup}\n", "other")
    path = scenario(folder, HEAD + '  hello: {type: dial, number: "8 495 123-45-68"}\n')
    assert check_path(path, folder, None) == []


def test_a_dial_to_what_may_not_be_called_is_an_error(folder: Path) -> None:
    file = folder / "config" / "tenants" / "acme.yaml"
    path = scenario(folder, HEAD + '  hello: {type: dial, number: "8 809 123-45-67"}\n')
    outgoing = 'outgoing: {trunk: city, number: "+74951234567"%s}\n'
    file.write_text(TENANT + outgoing % "")
    assert [str(finding) for finding in check_path(path, folder, None)] == [
        f"{path}:4: +78091234567 is premium, which the tenant may not call, "
        "expected premium in `outgoing.permit`"
    ]
    file.write_text(TENANT + outgoing % ", permit: [premium]")
    assert check_path(path, folder, None) == []


def test_a_dial_to_where_no_trunk_leads_is_told(folder: Path) -> None:
    file = folder / "config" / "tenants" / "acme.yaml"
    path = scenario(folder, HEAD + '  hello: {type: dial, number: "8 916 123-45-67"}\n')
    outgoing = 'outgoing: {number: "+74951234567", routes: [{prefix: "%s", trunks: [city]}]}\n'
    file.write_text(TENANT + outgoing % "+7495")
    assert [str(finding) for finding in check_path(path, folder, None)] == [
        f"{path}:4: warning: no trunk leads to +79161234567, "
        "expected `outgoing.trunk`, or a route with its prefix"
    ]
    file.write_text(TENANT + outgoing % "+7")
    assert check_path(path, folder, None) == []


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
    assert wrong.stderr.splitlines()[0].startswith(
        f"{path}:4: unknown step type paly, expected one of callback,"
    )
    assert wrong.stdout == ""
    listed = CliRunner().invoke(check, [str(path), "--json"])
    found = json.loads(listed.stdout)
    assert found == {
        "file": str(path),
        "line": 4,
        "column": 17,
        "end_line": 4,
        "end_column": 21,
        "severity": "error",
        "code": "unknown-type",
        "message": "unknown step type paly",
        "expected": found["expected"],
    }
    scenario(folder, HEAD + "  hello: {type: hangup}\n")
    good = CliRunner().invoke(check, [str(folder)])
    assert (good.exit_code, good.stdout) == (0, "all is well\n")
    scenario(folder, HEAD + "  hello: {type: hangup}\n  bye: {type: hangup}\n")
    warned = CliRunner().invoke(check, [str(path)])
    assert (warned.exit_code, warned.stdout) == (0, "0 errors, 1 warning\n")
    strict = CliRunner().invoke(check, [str(path), "--strict"])
    assert (strict.exit_code, strict.stdout) == (1, "")
    assert strict.stderr.splitlines()[-1] == "0 errors, 1 warning"
    assert CliRunner().invoke(check, [str(folder / "nothing")]).exit_code == 2
    assert CliRunner().invoke(check, ["--colour"]).exit_code == 2


def test_a_terminal_gets_colours_codes_and_a_line_between_files(folder: Path) -> None:
    scenario(folder, HEAD + "  hello: {type: paly}\n")
    (folder / "config" / "tenants" / "acme.yaml").write_text(TENANT.replace("title", "titel"))
    control, terminal = pty.openpty()
    command = [sys.executable, "-m", "engine.cli", "check", str(folder)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=terminal) as process:
        os.close(terminal)
        said = b""
        with contextlib.suppress(OSError):  # what a terminal's other end raises at the end
            while part := os.read(control, 65536):
                said += part
    os.close(control)
    rows = said.decode().replace("\r\n", "\n").splitlines()
    assert process.returncode == 1
    assert "\x1b[31munknown name titel\x1b[0m, expected one of" in rows[1]
    assert rows[1].endswith("\x1b[2m[unknown-name]\x1b[0m")
    assert rows[2] == ""
    assert rows[-1] == "3 errors, 0 warnings"


def test_a_scenario_alone_says_that_its_tenant_is_wrong(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: ring, user: 109}\n")
    tenant = folder / "config" / "tenants" / "acme.yaml"
    tenant.write_text("tenant: acme\n")
    assert [str(one) for one in check_path(path, folder, None)] == [
        f"{path}:1: warning: people, groups, queues and schedules are not checked: {tenant} is wrong"
    ]


def test_prompts_that_nobody_hears(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: hangup, prompt: menus/bye}\n")
    prompts = path.parent / "prompts"
    (prompts / "menus").mkdir(parents=True)
    (prompts / "menus" / "bye.mp3").write_bytes(b"ID3")
    (prompts / "old.wav").write_bytes(b"RIFF")
    (prompts / "licence.txt").write_text("free")
    assert [str(one) for one in check_path(folder, folder, None)] == [
        f"{prompts}/old.wav:1: warning: no scenario plays the prompt old, expected prompt: old in a step"
    ]


def test_a_draft_is_allowed_by_a_comment(folder: Path) -> None:
    scenario(folder, HEAD + "  hello: {type: hangup}\n")
    draft = "# vats: allow unused-scenario (a draft for the summer)\n" + HEAD.replace("main", "summer")
    scenario(folder, draft + "  hello: {type: hangup}\n", "summer")
    assert check_path(folder, folder, None) == []


def test_hold_music_that_is_not_there(folder: Path) -> None:
    scenario(folder, HEAD + "  hello: {type: hangup}\n")
    tenant, music = folder / "config" / "tenants" / "acme.yaml", folder / "config" / "music"
    tenant.write_text(TENANT + "music: jazzz\n")
    line = len(tenant.read_text().splitlines())
    unknown = f"{tenant}:{line}: warning: unknown music jazzz, expected one"
    assert [str(one) for one in check_path(folder, folder, None)] == [
        f"{unknown} that exists: there is none in {music}"
    ]
    (music / "jazz").mkdir(parents=True)
    for path in (folder, tenant):
        assert [str(one) for one in check_path(path, folder, None, music)] == [
            f"{unknown} of jazz (did you mean jazz?) in {music}"
        ]
    tenant.write_text(TENANT + "music: jazz\n")
    [empty] = check_path(folder, folder, None)
    assert (empty.line, empty.message) == (line, f"there is no sound in {music}/jazz")
    (music / "jazz" / "one.mp3").write_bytes(b"ID3")
    assert check_path(folder, folder, None) == []


@pytest.mark.parametrize("what", ["recording", "voicemail"])
def test_what_is_deleted_in_a_moment_is_no_slip_of_the_pen(folder: Path, what: str) -> None:
    """`keep: 180` without its unit is three minutes; a comment says that it is meant."""
    scenario(folder, HEAD + "  hello: {type: hangup}\n")
    tenant = folder / "config" / "tenants" / "acme.yaml"
    tenant.write_text(f"{TENANT}{what}: {{keep: 180}}\n")
    [found] = check_path(folder, folder, None)
    assert (found.severity, found.code) == ("warning", "short-keep")
    assert found.message.endswith("are deleted for good after 180 s")
    tenant.write_text(f"{TENANT}{what}: {{keep: 180}}  # vats: allow short-keep\n")
    assert check_path(folder, folder, None) == []


def test_tests_beside_the_scenarios_are_run(folder: Path) -> None:
    path = scenario(folder, HEAD + "  hello: {type: hangup, prompt: goodbye}\n")
    tests = path.parent / "tests.yaml"
    tests.write_text("tests: {}\n")
    for checked in (folder, path.parent, tests):
        assert {one.file for one in check_path(checked, folder / "config" / "tenants", None)} == {str(tests)}


def test_the_demo_tenant_is_right() -> None:
    result = CliRunner().invoke(check, [str(CHECKOUT)])
    assert (result.exit_code, result.output) == (0, "all is well\n")
