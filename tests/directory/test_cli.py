"""`vats user` and `vats number` (F14, F17)."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.number import number
from engine.cli.user import user

TENANT = """\
tenant: acme
title: Acme
numbers: {"+74951234567": {scenario: main, title: Office}}
users: {"101": {name: Anna}, "102": {name: Bob, devices: [desk, web]}}
"""


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("ports: {sip: 15060}\n")
    (tmp_path / "config" / "tenants" / "acme.yaml").write_text(TENANT)
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))


def test_a_telephones_login(tmp_path: Path) -> None:
    result = CliRunner().invoke(user, ["show", "acme", "102", "--json"])
    logins = [json.loads(line) for line in result.stdout.splitlines()]
    assert [login["username"] for login in logins] == ["acme-102-desk", "acme-102-web"]
    assert [login["port"] for login in logins] == [15060, 15060]
    file = tmp_path / "var" / "secrets" / "sip-acme-102-desk"
    assert logins[0]["password"] == file.read_text().strip()
    assert len(logins[0]["password"]) >= 24
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert logins[0]["password"] != logins[1]["password"]
    again = CliRunner().invoke(user, ["show", "acme", "102", "--json"])
    assert again.stdout == result.stdout


def test_what_does_not_exist_is_told() -> None:
    unknown = CliRunner().invoke(user, ["show", "acme", "109"])
    assert (unknown.exit_code, unknown.stderr.strip()) == (
        1,
        "Error: unknown extension 109, expected one of 101, 102 (did you mean 102?)",
    )
    tenant = CliRunner().invoke(user, ["list", "acne"])
    assert (tenant.exit_code, tenant.stderr.strip()) == (
        1,
        "Error: unknown tenant acne, expected one of acme (did you mean acme?)",
    )


def test_lists() -> None:
    users = [json.loads(line) for line in CliRunner().invoke(user, ["list", "--json"]).stdout.splitlines()]
    assert [(one["tenant"], one["extension"], one["name"]) for one in users] == [
        ("acme", "101", "Anna"),
        ("acme", "102", "Bob"),
    ]
    numbers = CliRunner().invoke(number, ["list", "--json"]).stdout
    assert json.loads(numbers) == {
        "number": "+74951234567",
        "tenant": "acme",
        "scenario": "main",
        "title": "Office",
    }
    assert CliRunner().invoke(number, ["list", "acme"]).stdout == "+74951234567  acme  main  Office\n"


def test_a_wrong_tenant_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config" / "tenants" / "bad.yaml"
    path.write_text("tenant: bad\n")
    result = CliRunner().invoke(number, ["list", "--json"])
    assert f"{path}:1: title is missing" in result.stderr
    assert json.loads(result.stdout)["tenant"] == "acme"
