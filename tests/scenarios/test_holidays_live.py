"""An administrator's holidays go live like all files; a wrong file changes nothing (F16 F44)."""

from datetime import UTC, datetime
from pathlib import Path

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
