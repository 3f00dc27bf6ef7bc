"""Every mistake that administrators make is named by line, column, code and cure (F43).

`broken/NAME.yaml` is a scenario of the tenant below, `broken/tenants/NAME.yaml` a tenant's file;
`NAME.expected` beside it is all that is said of it, a line a finding: `LINE:COLUMN CODE: TEXT`. FOLDER stands
for the configuration's folder, TYPES for all types of step, N for how many names there are. `right/NAME.yaml`
looks wrong and is not.
"""

import re
from pathlib import Path

import pytest

from engine.directory.document import MAX_FILE
from engine.directory.finding_codes import CODES
from engine.directory.findings import Finding
from engine.scenarios.folder import check_path
from engine.scenarios.steps import STEP_TYPES

HERE = Path(__file__).resolve().parent
TENANT = """\
tenant: acme
title: Acme
numbers: {"+74951234567": {scenario: main}}
users: {"101": {name: Anna}, "102": {name: Bob}}
groups:
  sales: {members: ["101", "102"]}
  rota: {members: ["101"], ring: least_recent}
queues: {sales: {members: ["101"]}}
phone_book: {"+79031112233": {name: Ivan, group: vip}}
"""


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (HERE / folder).glob("*.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "tenants" / "acme.yaml").write_text(TENANT)
    prompts = tmp_path / "ivr_scenarios" / "acme" / "prompts"
    prompts.mkdir(parents=True)
    for ending in ("wav", "mp3"):
        (prompts / f"twice.{ending}").write_bytes(b"sound")
    return tmp_path


def found_in(scenario: bytes, folder: Path) -> list[Finding]:
    path = folder / "ivr_scenarios" / "acme" / "main.yaml"
    path.write_bytes(scenario)
    return check_path(path, folder, None)


def lines(found: list[Finding], folder: Path) -> list[str]:
    return [
        re.sub(r"one of \d+ names", "one of N names", f"{one.line}:{one.column} {one.code}: {one.text}")
        .replace(str(folder), "FOLDER")
        .replace(", ".join(sorted(STEP_TYPES)), "TYPES")
        for one in found
    ]


@pytest.mark.parametrize("name", names("broken"))
def test_what_is_said_of_a_broken_scenario(name: str, folder: Path) -> None:
    said = lines(found_in((HERE / "broken" / f"{name}.yaml").read_bytes(), folder), folder)
    assert said == (HERE / "broken" / f"{name}.expected").read_text().splitlines()


@pytest.mark.parametrize("name", names("broken/tenants"))
def test_what_is_said_of_a_broken_tenant(name: str, folder: Path) -> None:
    path = folder / "config" / "tenants" / "acme.yaml"
    path.write_bytes((HERE / "broken" / "tenants" / f"{name}.yaml").read_bytes())
    said = lines(check_path(path, folder, {"city"}), folder)
    assert said == (HERE / "broken" / "tenants" / f"{name}.expected").read_text().splitlines()


@pytest.mark.parametrize("name", names("right"))
def test_what_looks_wrong_and_is_right(name: str, folder: Path) -> None:
    assert lines(found_in((HERE / "right" / f"{name}.yaml").read_bytes(), folder), folder) == []


def test_there_are_forty_broken_files_and_more_and_each_finding_has_a_known_code(folder: Path) -> None:
    broken = names("broken")
    assert len(broken) >= 40
    found = {
        one.code
        for name in broken
        for one in found_in((HERE / "broken" / f"{name}.yaml").read_bytes(), folder)
    }
    assert found <= CODES.keys()


def test_a_place_lies_within_the_file(folder: Path) -> None:
    for name in names("broken"):
        content = (HERE / "broken" / f"{name}.yaml").read_bytes()
        rows = content.decode("utf-8", "replace").splitlines() or [""]
        for one in found_in(content, folder):
            assert 1 <= one.line <= len(rows), name
            assert 1 <= one.column <= len(rows[one.line - 1]) + 1, name
            assert one.end_line == 0 or (one.end_line, one.end_column) >= (one.line, one.column), name


def test_a_huge_file(folder: Path) -> None:
    text = b"scenario: main\nstart: hello\nsteps:\n  hello: {type: hangup}\n" + b"#" * MAX_FILE
    assert lines(found_in(text, folder), folder) == [
        "1:1 too-large: the file is larger than 1000000 bytes, expected a shorter file"
    ]


def test_a_file_that_may_not_be_read(folder: Path) -> None:
    path = folder / "ivr_scenarios" / "acme" / "main.yaml"
    path.mkdir()
    (path / "inside").write_text("")
    said = [str(one) for one in check_path(path.parent / "main.yaml" / "inside", folder, None)]
    assert said == [f"{path}/inside:1: the file is empty, expected `name: value` lines"]
