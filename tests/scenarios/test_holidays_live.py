"""An administrator's holidays go live like all files; a wrong file changes nothing (F16 F44)."""

from datetime import UTC, datetime
from pathlib import Path

from engine.scenarios.folder import check_folders, check_path
from engine.scenarios.library import Library
from tests.scenarios.test_library import TENANT, Place

SCHEDULES = 'schedules: {office: {hours: {mon-fri: "09:00-18:00"}, holidays: ru}}\n'
FRIDAY = int(datetime(2026, 11, 27, 9, tzinfo=UTC).timestamp() * 1000)  # noon in Moscow


def is_open(library: Library) -> bool:
    tenant = library.directory.tenant("acme")
    assert tenant is not None
    return tenant.schedules["office"].is_open(FRIDAY)


def test_corrections_of_holidays_go_live_and_a_wrong_file_keeps_the_last_good(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.tenant(TENANT + SCHEDULES)
    place.library.load()
    assert is_open(place.library)
    holidays = tmp_path / "config" / "holidays"
    holidays.mkdir()
    (holidays / "ru.yaml").write_text("2026-11-27: closed\n")
    assert place.library.load() == []
    assert not is_open(place.library)
    (holidays / "ru.yaml").write_text("2026-11-27: open\n")
    assert "2026-11-27 is open, expected one of closed" in str(place.library.load()[0])
    assert not is_open(place.library)
    (holidays / "ru.yaml").unlink()
    assert place.library.load() == []
    assert is_open(place.library)


def test_what_has_not_changed_is_not_made_anew(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.tenant(TENANT + SCHEDULES)
    place.library.load()
    tenant = place.library.directory.tenant("acme")
    place.library.load()
    assert place.library.directory.tenant("acme") is tenant


def test_vats_check_looks_at_holidays_too(tmp_path: Path) -> None:
    place = Place(tmp_path)
    holidays = tmp_path / "config" / "holidays"
    holidays.mkdir()
    (holidays / "ru.yaml").write_text("2026-11-27: closed\n2026-11-31: closed\n")
    (holidays / "by.yml").write_text("2026-11-27: closed\n")
    found = {
        str(one).removeprefix(f"{holidays}/") for one in check_folders(place.tenants, place.scenarios, None)
    }
    wrong = "ru.yaml:2: there is no day 2026-11-31, expected a day such as 2026-12-31"
    assert {
        wrong,
        "by.yml:1: warning: the file is not read, expected a name that ends in .yaml: by.yaml",
    } <= found
    alone = check_path(holidays / "ru.yaml", place.tenants, None)
    assert [str(one).removeprefix(f"{holidays}/") for one in alone] == [wrong]


def test_what_is_odd_about_hours_and_groups_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.tenant(TENANT + SCHEDULES + 'phone_book: {"+79031112233": {name: Ivan, group: vip}}\n')
    place.main(
        """\
scenario: main
start: who
steps:
  who:
    type: switch
    cases: [{when: {caller.group: [vip, vop]}, then: anna}, {when: {schedule: ofice}, then: anna}]
    default: hours
  hours: {type: schedule, schedule: office, open: anna, periods: {lunsh: anna}}
  anna: {type: schedule, user: "101", open: ring, closed: ring}
  ring: {type: ring, user: "101"}
"""
    )
    found = check_path(place.scenarios / "acme" / "main.yaml", place.tenants, None)
    assert [(one.line, one.code, one.severity) for one in found] == [
        (6, "never-taken", "warning"),
        (6, "unknown-schedule", "error"),
        (8, "unknown-period", "error"),
        (9, "never-taken", "warning"),
    ]
