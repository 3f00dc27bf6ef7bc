"""Asterisk starts from what is rendered, and without a complaint."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from engine.settings import SettingsError, Trunk
from engine.switch.configuration import render
from engine.switch.trunks import trunk_view
from tests.instance import Instance


@pytest.mark.switch
def test_asterisk_starts_without_an_error(instance: Instance) -> None:
    instance.start_asterisk()
    log = instance.log()
    assert "Asterisk 22." in log
    assert not re.search(r"\b(ERROR|WARNING)\[", log), log


def test_what_others_may_not_read_is_closed(instance: Instance) -> None:
    render(instance.settings)
    home = instance.settings.asterisk_home
    assert home.stat().st_mode & 0o777 == 0o750
    for path in (home / "etc").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_rendering_again_gives_the_same_and_takes_away_what_is_no_longer_there(instance: Instance) -> None:
    etc = instance.settings.asterisk_home / "etc"
    render(instance.settings)
    before = {path.name: path.read_text() for path in etc.iterdir()}
    (etc / "stale.conf").write_text("old")
    render(instance.settings)
    assert {path.name: path.read_text() for path in etc.iterdir()} == before


@pytest.mark.parametrize(
    ("trunk", "expected"),
    [
        (
            Trunk(addresses=["192.0.2.1"], host="192.0.2.1:5060"),
            {"endpoints": ["t"], "challenge": False, "matches": ["192.0.2.1"]},
        ),
        (
            Trunk(username="them", password_file="p"),
            {"endpoints": ["t", "them"], "aor": "them", "challenge": True, "matches": []},
        ),
        (
            Trunk(addresses=["192.0.2.1"], username="them", password_file="p"),
            {"challenge": True, "matches": ["192.0.2.1"]},
        ),
        (
            Trunk(addresses=["192.0.2.1"], host="192.0.2.1", username="us", password_file="p"),
            {"endpoints": ["t"], "challenge": False, "password": "word"},
        ),
        (
            Trunk(register_with="192.0.2.1:5060", username="us", password_file="p"),
            {"challenge": False, "matches": ["192.0.2.1:5060"], "aor": "t"},
        ),
    ],
    ids=["address", "credentials", "both", "we call out with credentials", "we register"],
)
def test_a_trunk_is_known_by_address_and_credentials(
    tmp_path: Path, trunk: Trunk, expected: dict[str, object]
) -> None:
    with Instance(tmp_path, trunks={"t": trunk}) as instance:
        (instance.settings.secrets_folder / "p").write_text("word\n")
        render(instance.settings)
        view = asdict(trunk_view(instance.settings, "t"))
    assert {key: view[key] for key in expected} == expected


def test_a_trunk_without_its_password_file_is_named(tmp_path: Path) -> None:
    trunk = Trunk(username="them", password_file="p")
    with Instance(tmp_path, trunks={"t": trunk}) as instance, pytest.raises(SettingsError, match="secrets/p"):
        render(instance.settings)
