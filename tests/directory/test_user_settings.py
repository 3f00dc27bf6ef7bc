"""What users set for themselves (F06): kept, told, survived; and the operations and commands over it."""

import asyncio
import json
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.named import Unknown
from engine.directory.tenant_file import tenant_of
from engine.directory.user_settings import CHANGES_KEPT, Forward, NotKept, Personal, UserSettings
from engine.user_operations import NotSet, user_operations

TENANT = TenantModel.model_validate(
    {
        "tenant": "acme",
        "title": "Acme",
        "numbers": {"+74951234567": {"scenario": "main"}},
        "users": {"201": {"name": "Anna"}, "202": {"name": "Bob"}},
        "outgoing": {"trunk": "city", "number": "+74951234567", "permit": ["country", "mobile"]},
    }
)


NOON = 1_795_417_200_000


class Noon(SystemClock):
    """Always the same time."""

    def wall_ms(self) -> int:
        return NOON


def directory() -> Directory:
    return Directory.of([tenant_of(TENANT)])


def settings_in(folder: Path) -> UserSettings:
    found = UserSettings(folder, Noon())
    found.load()
    return found


async def test_what_is_set_is_there_after_a_restart_with_who_and_when(tmp_path: Path) -> None:
    folder = tmp_path / "user-settings"
    settings = settings_in(folder)
    told: list[tuple[str, str, Personal]] = []
    settings.listeners.append(lambda *what: told.append(what))
    await settings.set_do_not_disturb("acme", "201", True, by="201")
    await settings.set_forward("acme", "201", "no_answer", Forward("202", 12.5), by="vats (root)")
    await settings.set_do_not_disturb("acme", "201", True, by="202")  # it is so already
    again = settings_in(folder)
    wanted = Personal(True, {"no_answer": Forward("202", 12.5)})
    assert settings.of("acme", "201") == again.of("acme", "201") == wanted
    assert again.everybody() == [("acme", "201", wanted)]
    assert [(one.by, one.setting, one.value) for one in again.changes("acme", "201")] == [
        ("vats (root)", "forward_no_answer", "202"),
        ("201", "do_not_disturb", "on"),
    ]
    assert all(one.at == NOON for one in again.changes("acme", "201"))
    assert [what[:2] for what in told] == [("acme", "201")] * 2
    assert [path.name for path in folder.iterdir()] == ["acme.json"]
    assert again.of("acme", "202") == again.of("other", "201") == Personal()


async def test_a_broken_file_is_kept_aside_and_costs_no_other_tenant_anything(tmp_path: Path) -> None:
    (tmp_path / "acme.json").write_text('{"users": {"201": {"do_not_disturb": "yes"}}}')
    (tmp_path / "good.json").write_text('{"users": {"1": {"do_not_disturb": true}}}')
    settings = settings_in(tmp_path)
    assert settings.of("acme", "201") == Personal()
    assert settings.wants_quiet("good", "1")
    await settings.set_do_not_disturb("acme", "202", True, by="202")
    assert "yes" in (tmp_path / "acme.broken").read_text()
    assert settings_in(tmp_path).wants_quiet("acme", "202")


async def test_what_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "user-settings").write_text("a file where the folder should be")
    settings = UserSettings(tmp_path / "user-settings", Noon())
    with pytest.raises(NotKept, match="user-settings"):
        await settings.set_do_not_disturb("acme", "201", True, by="201")
    assert not settings.wants_quiet("acme", "201")


async def test_changes_at_once_all_count_and_only_so_many_are_remembered(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    await asyncio.gather(
        *(settings.set_do_not_disturb("acme", str(200 + number), True, by="x") for number in range(30))
    )
    for number in range(CHANGES_KEPT):
        await settings.set_do_not_disturb("acme", "200", number % 2 == 1, by="x")
    again = settings_in(tmp_path)
    assert len(again.everybody()) == 30
    assert len(json.loads((tmp_path / "acme.json").read_text())["changes"]) == CHANGES_KEPT


async def test_a_listener_that_fails_keeps_nobody_from_his_setting(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    def fail(*what: object) -> None:
        raise RuntimeError("no lamp")

    settings.listeners.append(fail)
    assert (await settings.set_do_not_disturb("acme", "201", True, by="201")).do_not_disturb


async def test_f06_operations(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    operations = user_operations(settings, directory)
    answer = await operations["user.set_forward"]("acme", "201", "busy", "8 916 123-45-67", by="me")
    assert answer == {
        "do_not_disturb": False,
        "forward": {"busy": {"to": "+79161234567", "seconds": 20.0, "confirm": True}},
    }
    await operations["user.set_do_not_disturb"]("acme", "201", True, by="me")
    shown = await operations["user.settings"]("acme", "201")
    assert isinstance(shown, dict)
    assert shown["do_not_disturb"] is True
    assert [(one["by"], one["setting"]) for one in shown["changes"]] == [
        ("me", "do_not_disturb"), ("me", "forward_busy"),
    ]  # fmt: skip
    assert (await operations["user.set_forward"]("acme", "201", "all"))["forward"] == {}  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("acme", "299", "busy", "202"), "unknown extension 299"),
        (("none", "201", "busy", "202"), "unknown tenant none"),
        (("acme", "201", "sometimes", "202"), "unknown condition sometimes"),
        (("acme", "201", "busy", "201"), "his own extension"),
        (("acme", "201", "busy", "12"), "expected an extension of a user"),
        (("acme", "201", "busy", "+4930123456"), "he may not call there"),
        (("acme", "201", "no_answer", "202", 0.5), "expected 1 to 120 s"),
        (("acme", "202", "always", "201"), "calls would come back to him"),
    ],
)
async def test_f06_what_cannot_be_set_is_said_why(arguments: tuple[object, ...], why: str) -> None:
    settings = UserSettings(None, Noon())
    await settings.set_forward("acme", "201", "unreachable", Forward("202"), by="test")
    before = settings.everybody()
    with pytest.raises((NotSet, Unknown), match=why):
        await user_operations(settings, directory)["user.set_forward"](*arguments)
    assert settings.everybody() == before
