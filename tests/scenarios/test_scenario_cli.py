"""`vats scenario` and `vats apply` on files and a database, with no engine running (F44)."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import vats
from engine.scenarios.files import Staged
from engine.scenarios.history import VersionHistory
from engine.settings import load_settings
from engine.store.database import Database
from engine.store.migrate import upgrade
from tests.scenarios.test_library import MAIN, TENANT, Place

SECOND = "# Said since the spring.\n" + MAIN.replace("Goodbye", "See you")


class Desk:
    """Somebody at a terminal of an installation of the library's tests."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        (folder / "config" / "vats.yaml").write_text(
            'scenarios: ../ivr_scenarios\ntrunks: {city: {addresses: ["127.0.0.1"]}}\n'
        )
        self.environment: Mapping[str, str] = {
            "VATS_CONFIG": str(folder / "config" / "vats.yaml"),
            "VATS_HOME": str(folder / "var"),
            "VATS_DATABASE_URL": "",
        }
        self.settings = load_settings(self.environment)
        self.place.settings = self.settings
        self.place.library = self.place.new_library()
        self.file = self.place.scenarios / "acme" / "main.yaml"

    def save(self, text: str) -> str:
        """Put it live; its version."""
        self.place.main(text)
        self.place.library.load()
        scenario = self.place.library.find("acme", "main")
        assert scenario is not None
        return scenario.version

    def __call__(self, *arguments: str) -> Result:
        return CliRunner(env=dict(self.environment)).invoke(vats, arguments, catch_exceptions=False)

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        done = self(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def store(desk: Desk) -> None:
    """As the worker does."""
    database = Database(desk.settings.database_url)
    try:
        await upgrade(database)
        await VersionHistory(desk.settings.versions_folder, database).step()
    finally:
        await database.close()


def test_history_shows_what_was_live_when_and_by_whom(desk: Desk) -> None:
    first, second = desk.save(MAIN), desk.save(SECOND)
    desk.save(MAIN)
    rows = desk.rows("scenario", "history", "acme/main")
    assert [row["version"] for row in rows] == [first, second, first]
    assert [row["text"] for row in rows] == [MAIN, SECOND, MAIN]
    assert [row["live_until"] for row in rows] == ["", rows[0]["live_since"], rows[1]["live_since"]]
    assert [(row["lines_added"], row["lines_removed"]) for row in rows][:2] == [(1, 2), (2, 1)]
    shown = desk("scenario", "history", "acme/main").output
    assert first in shown
    assert "saved" in shown


async def test_it_is_the_same_once_the_worker_has_stored_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.save(MAIN)
    desk.save(SECOND)
    before = desk.place.settings.versions_folder
    wanted = [row["text"] for row in _rows_of(desk)]
    await store(desk)
    assert not list((before / "activations").glob("*.json"))
    assert [row["text"] for row in _rows_of(desk)] == wanted


def _rows_of(desk: Desk) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "scenario", "history", "acme/main", "--json"],
        env={**os.environ, **desk.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_show_and_diff_give_what_the_administrator_wrote(desk: Desk) -> None:
    first = desk.save(MAIN)
    desk.save(SECOND)
    assert desk("scenario", "show", "acme/main").stdout == SECOND
    assert desk("scenario", "show", f"acme/main@{first[:5]}").stdout == MAIN
    lines = desk("scenario", "diff", "acme/main").stdout.splitlines()
    assert lines[:3] == ["--- acme/main@previous", "+++ acme/main@live", "@@ -1,5 +1,6 @@"]
    assert "+# Said since the spring." in lines
    desk.place.main(SECOND + "# and now this\n")
    assert desk("scenario", "diff", "acme/main").stdout.splitlines()[-1] == "+# and now this"
    assert "is not what is live" in desk("scenario", "history", "acme/main").stderr
    assert [row["file"] for row in desk.rows("scenario", "list")] == ["not live"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acme/mian", "tenant acme has no scenario mian, expected one of main (did you mean main?)"),
        ("amce/main", "there is no tenant amce with scenarios, expected one of acme (did you mean acme?)"),
        ("acme/main@ffffff", "acme/main has no version ffffff, expected one of"),
        ("acme/main@previous", "acme/main: nothing is known of a previous version"),
    ],
)
def test_unknown_names_are_told_with_those_that_are_there(desk: Desk, name: str, message: str) -> None:
    desk.save(MAIN)
    done = desk("scenario", "show", name)
    assert done.exit_code == 1
    assert message in done.stderr
    assert desk("scenario", "show", "main").exit_code == 2


def test_rollback_puts_the_older_text_back_and_says_who_did_it(desk: Desk) -> None:
    first = desk.save(MAIN)
    desk.save(SECOND)
    desk.file.chmod(0o640)
    done = desk("scenario", "rollback", "acme/main", first[:6], "--by", "Anna")
    assert done.exit_code == 0, done.output
    assert "no engine runs" in done.stdout
    assert desk.file.read_text() == MAIN
    assert desk.file.stat().st_mode & 0o777 == 0o640
    desk.place.library.load()
    newest = desk.rows("scenario", "history", "acme/main")[0]
    assert (newest["by"], newest["cause"]) == ("Anna", f"rollback to {first}")
    assert (newest["version"], newest["live_until"]) == (first, "")


def test_rollback_keeps_what_was_never_live(desk: Desk) -> None:
    desk.save(MAIN)
    desk.save(SECOND)
    desk.place.main("scenario: main\n# half an idea\n")
    [told] = desk.rows("scenario", "rollback", "acme/main", "previous")
    assert Path(told["kept"]).read_text() == "scenario: main\n# half an idea\n"
    assert desk.file.read_text() == MAIN


def test_rollback_is_refused_where_it_would_not_be_right_now(desk: Desk) -> None:
    first = desk.save(MAIN)
    desk.place.main(MAIN.replace("sales", "other"))
    desk.place.tenant(TENANT.replace("sales:", "other:"))
    assert desk.place.library.load() == []
    before = desk.file.read_text()
    done = desk("scenario", "rollback", "acme/main", first)
    assert done.exit_code == 1
    assert f"{desk.file}:4: unknown group sales" in done.stderr
    assert "nothing is changed" in done.stderr
    assert desk.file.read_text() == before


def test_a_wrong_neighbour_does_not_hinder_a_rollback(desk: Desk) -> None:
    first = desk.save(MAIN)
    desk.save(SECOND)
    desk.place.main("scenario: spare\n", "spare")
    assert desk("scenario", "rollback", "acme/main", first).exit_code == 0
    assert desk.file.read_text() == MAIN


def change(folder: Path, tenant: str, scenario: str) -> Path:
    """A change as it is handed in."""
    (folder / "config" / "tenants").mkdir(parents=True)
    (folder / "ivr_scenarios" / "acme").mkdir(parents=True)
    (folder / "config" / "tenants" / "acme.yaml").write_text(tenant)
    (folder / "ivr_scenarios" / "acme" / "main.yaml").write_text(scenario)
    return folder


def test_apply_puts_all_files_of_a_change_in_place(desk: Desk, tmp_path: Path) -> None:
    desk.save(MAIN)
    handed = change(tmp_path / "new", TENANT.replace("sales:", "other:"), MAIN.replace("sales", "other"))
    assert desk("apply", str(handed), "--dry-run").exit_code == 0
    assert desk.file.read_text() == MAIN
    done = desk("apply", str(handed), "--by", "Boris")
    assert done.exit_code == 0, done.output
    assert "2 of 2 files put in place" in done.stdout
    assert desk.place.library.load() == []
    newest = desk.rows("scenario", "history", "acme/main")[0]
    assert (newest["by"], newest["cause"]) == ("Boris", "apply")
    assert [row["changed"] for row in desk.rows("apply", str(handed))] == [False, False]


def test_apply_puts_none_in_place_where_one_is_wrong(desk: Desk, tmp_path: Path) -> None:
    desk.save(MAIN)
    handed = change(tmp_path / "new", TENANT.replace("sales:", "other:"), MAIN)
    done = desk("apply", str(handed))
    assert done.exit_code == 1
    assert f"{desk.file}:4: unknown group sales" in done.stderr
    assert "sales:" in (desk.place.tenants / "acme.yaml").read_text()


def test_apply_takes_back_what_it_placed_when_a_later_file_cannot_be(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.save(MAIN)
    handed = change(tmp_path / "new", TENANT.replace("title: Acme", "title: New"), SECOND)
    put, count = Staged.put, iter(range(9))

    def failing(self: Staged) -> None:
        if next(count) == 1:
            raise OSError(28, "No space left on device")
        put(self)

    monkeypatch.setattr(Staged, "put", failing)
    done = desk("apply", str(handed))
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert desk.file.read_text() == MAIN
    assert (desk.place.tenants / "acme.yaml").read_text() == TENANT
    assert sorted(path.name for path in desk.place.tenants.iterdir()) == ["acme.yaml"]


def test_a_version_that_no_call_needs_is_forgotten_on_disk_only(desk: Desk) -> None:
    first, second = desk.save(MAIN), desk.save(SECOND)

    class Later:
        def wall_ms(self) -> int:
            return int((time.time() + 7200 + 3700) * 1000)

        def monotonic_ms(self) -> int:
            return 0

        def boot_id(self) -> str:
            return ""

    folder = desk.settings.versions_folder
    now = VersionHistory(folder, Database("sqlite+aiosqlite://"))
    later = VersionHistory(folder, Database("sqlite+aiosqlite://"), Later())
    assert later.forget() == 0, "it is not in the database yet"
    now._known = later._known = {first, second}
    assert now.forget() == 0, "a call may be on it"
    assert later.forget() == 1
    assert [(folder / f"{name}.json").exists() for name in (first, second)] == [False, True]
    assert desk.save(MAIN) == first
    assert (folder / f"{first}.json").exists()


def test_check_says_what_is_live_in_place_of_a_wrong_file(desk: Desk) -> None:
    good = desk.save(MAIN)
    desk.place.main("scenario: main\nsteps: [\n")
    desk.place.tenant("tenant: acme\n")
    desk.place.library.load()
    done = desk("check")
    assert done.exit_code == 1
    assert f"{desk.file}: version {good}, live since 20" in done.stderr
    assert "acme.yaml: tenant acme stays as the file was before" in done.stderr
    told = desk.place.library.problems()
    assert any(one.startswith(f"{desk.file}:2: ") and f"version {good}" in one for one in told), told
