"""`vats doctor` finds what is wrong, and says what to do."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import secrets
from engine.journal.events import CallAnswered, Entry
from engine.journal.refused import put_aside
from engine.settings import SettingsError, Trunk
from engine.switch.trunks import trunk_view
from tests.instance import Instance


def findings(instance: Instance) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "doctor", "--json"],
        env=instance.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def failed(found: list[dict[str, Any]]) -> set[str]:
    assert all(line["advice"] for line in found if line["status"] != "OK")
    return {line["check"] for line in found if line["status"] == "FAIL"}


def test_each_fault_is_found(tmp_path: Path) -> None:
    trunk = Trunk(username="provider", password_file="provider")
    with Instance(tmp_path, trunks={"city": trunk}) as instance:
        _, before = findings(instance)
        # What a new folder lacks: its database, and the trunk's password.
        assert failed(before) == {"database", "trunks"}

        (instance.settings.secrets_folder / "provider").write_text("word\n")
        (instance.settings.secrets_folder / "provider").chmod(0o644)
        with socket.create_server(("127.0.0.1", instance.settings.ports.ami)):
            code, found = findings(instance)
        assert code == 1
        assert failed(found) == {"database", "secrets", "ports"}
        lines = {line["check"]: line["message"] for line in found if line["status"] == "FAIL"}
        assert f"127.0.0.1:{instance.settings.ports.ami} is used by another program" in lines["ports"]
        assert "provider: others may read it" in lines["secrets"]


def test_a_call_that_the_database_refused_is_told(instance: Instance) -> None:
    folder = instance.settings.journal_folder
    folder.mkdir(parents=True)
    put_aside(folder, [Entry("cell1-1.1", seq, 1, 1, "", CallAnswered()) for seq in (1, 2)])
    code, found = findings(instance)
    assert code == 1
    (line,) = [line for line in found if line["check"] == "journal"]
    assert line["status"] == "FAIL"
    assert f"1 calls that the database refused lie in {folder}/refused.jsonl: cell1-1.1" in line["message"]
    assert f"mv {folder}/refused.jsonl {folder}/refused-000001.jsonl" in line["advice"]
    (folder / "refused.jsonl").unlink()
    assert "journal" not in failed(findings(instance)[1])


def test_an_asterisk_that_is_too_old_is_refused(tmp_path: Path) -> None:
    """Below 22.10.1 ARI has known holes (F47)."""
    root = tmp_path / "root"
    (root / "usr/lib/any/asterisk/modules").mkdir(parents=True)
    (root / "lib64").mkdir()
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/asterisk").touch()
    loader = root / "lib64" / "ld-linux-x86-64.so.2"
    loader.write_text("#!/bin/sh\necho Asterisk 22.9.4\n")
    loader.chmod(0o755)
    with Instance(tmp_path, asterisk={"root": str(root)}) as instance:
        instance.environment.pop("VATS_ASTERISK_ROOT", None)
        code, found = findings(instance)
    assert code == 1
    assert "22.9.4 has known holes" in next(x["message"] for x in found if x["check"] == "asterisk")


def test_secrets_are_made_once_and_for_us_alone(instance: Instance) -> None:
    settings = instance.settings
    first = secrets.secret(settings, "another")
    assert secrets.secret(settings, "another") == first
    assert len(first) >= 32
    assert (settings.secrets_folder / "another").stat().st_mode & 0o777 == 0o600
    assert settings.secrets_folder.stat().st_mode & 0o777 == 0o700
    assert len({secrets.secret(settings, name) for name in secrets.GENERATED}) == len(secrets.GENERATED)


def test_what_others_must_give_us_is_never_made(instance: Instance) -> None:
    """A trunk's password is not ours to invent, and neither the doctor nor a probe makes a secret."""
    settings = instance.settings
    path = settings.secrets_folder / "provider"
    with pytest.raises(SettingsError, match=f"{path}: No such file or directory; expected a file with the"):
        secrets.existing_secret(settings, "provider")
    trunk = Trunk(username="provider", password_file="provider")
    with pytest.raises(SettingsError, match="No such file"):
        trunk_view(settings.model_copy(update={"trunks": {"city": trunk}}), "city")
    assert not path.exists()
    path.write_text("word\n")
    assert secrets.existing_secret(settings, "provider") == "word"
    with pytest.raises(SettingsError, match="`vats up` once"):
        secrets.existing_secret(settings, "sip-romashka-101-desk")
    for read in (secrets.secret, secrets.existing_secret):
        with pytest.raises(SettingsError, match="not a name"):
            read(settings, "../vats.db")
