"""`vats secret` (F34 F42): the key that a tenant's requests are signed with."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.secret import secret_
from engine.secrets import secret
from engine.settings import load_settings
from engine.signed_requests.signature import secret_name


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("{}\n")
    for name in ("acme", "other"):
        (tmp_path / "config" / "tenants" / f"{name}.yaml").write_text(
            f'tenant: {name}\ntitle: {name}\nusers: {{"101": {{name: Anna}}}}\n'
        )
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))


def _show(tenant: str) -> str:
    done = CliRunner().invoke(secret_, ["show", tenant])
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_each_tenant_has_a_key_of_its_own_that_stays(tmp_path: Path) -> None:
    key = _show("acme")
    assert len(key) >= 32
    assert _show("acme") == key == secret(load_settings(), secret_name("acme"))
    assert _show("other") != key
    file = tmp_path / "var" / "secrets" / "web-service-acme"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_new_key_takes_its_place(tmp_path: Path) -> None:
    key = _show("acme")
    refused = CliRunner().invoke(secret_, ["renew", "acme"], input="n\n")
    assert refused.exit_code == 1
    assert _show("acme") == key
    renewed = CliRunner().invoke(secret_, ["renew", "acme", "--yes"])
    assert renewed.exit_code == 0
    assert _show("acme") == renewed.stdout.strip() != key
    folder = tmp_path / "var" / "secrets"
    assert [path.name for path in folder.iterdir()] == ["web-service-acme"]
    assert stat.S_IMODE((folder / "web-service-acme").stat().st_mode) == 0o600


def test_an_unknown_tenant_gets_none(tmp_path: Path) -> None:
    for command in (["show", "acne"], ["renew", "acne", "--yes"]):
        done = CliRunner().invoke(secret_, command)
        assert done.exit_code == 1
        assert "unknown tenant acne, expected one of acme, other (did you mean acme?)" in done.output
    assert not (tmp_path / "var" / "secrets").exists()
