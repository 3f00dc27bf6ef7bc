"""`vats cdr CALL_ID`: the record of one call with its legs and talks (F40 F06)."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.cdr import cdr
from engine.journal.events import Entry
from engine.journal.form_events import FormFilled
from engine.records.forms import derive_forms
from engine.records.store import RecordStore
from engine.store.database import Database
from engine.store.migrate import upgrade
from tests.records.tables import ANSWERED, CALL, call


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose database has one call."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "vats.yaml").write_text("cell: cell1\n")
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path))
    monkeypatch.delenv("VATS_DATABASE_URL", raising=False)

    async def fill() -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'vats.db'}")
        try:
            await upgrade(database)
            await database.transaction(lambda one: RecordStore().derive(one, {CALL: call(ANSWERED)}))
        finally:
            await database.close()

    asyncio.run(fill())
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cdr, list(arguments))


def test_who_talked_with_whom_and_how_long(home: Path) -> None:
    lines = [line.split() for line in run(CALL).stdout.splitlines()]
    assert ["caller", "+79031112233"] in lines
    assert ["talk", "+79031112233", "102", "2025-11-22", "08:26:49", "22.5"] in lines
    results = {line[0]: line[4] for line in lines if line[1:2] == ["operator"]}
    assert results == {"101": "answered_elsewhere", "102": "answered"}


@pytest.mark.parametrize("arguments", [(CALL, "--json"), ("--json", CALL), ("show", CALL, "--json")])
def test_for_programs_one_object(home: Path, arguments: tuple[str, ...]) -> None:
    told = json.loads(run(*arguments).stdout)
    assert (told["call_id"], told["disposition"], len(told["legs"])) == (CALL, "answered", 2)
    [talk] = told["talks"]
    assert (talk["kind"], talk["one"], talk["other"], talk["talk_s"]) == ("talk", "+79031112233", "102", 22.5)
    assert talk["started_at"].endswith("Z")


def test_f20_what_was_filled_in_of_it(home: Path) -> None:
    assert json.loads(run(CALL, "--json").stdout)["form"] is None

    async def fill(version: int, message: str) -> None:
        filled = FormFilled(
            tenant="romashka", call=CALL, by="pult/201", values=json.dumps({"message": message}), title="Р",
            language="ru", caller="+79031112233", caller_name="", number="+74951234567",
            labels=json.dumps({"message": "Сообщение"}), mail="",
        )  # fmt: skip
        name = f"{CALL}.form.{version}"
        entry = Entry(name, 1, 1_800_000_000_000 + version, 0, "", filled)
        database = Database(f"sqlite+aiosqlite:///{home / 'vats.db'}")
        try:
            await database.transaction(lambda one: derive_forms(one, {name: [entry]}))
        finally:
            await database.close()

    for version, message in enumerate(("Перезвоните", "Уже не надо"), 1):
        asyncio.run(fill(version, message))
    lines = [line.split() for line in run(CALL).stdout.splitlines()]
    assert {("filled", "in", "by", "pult/201"), ("version", "2")} <= {tuple(line) for line in lines}
    assert ["Сообщение", "Уже", "не", "надо"] in lines
    form = json.loads(run(CALL, "--json").stdout)["form"]
    assert (form["version"], form["filled_by"], form["values"]) == (2, "pult/201", {"message": "Уже не надо"})


def test_a_call_that_has_no_record_and_the_list_as_ever(home: Path) -> None:
    unknown = run("cell1-1.1")
    assert unknown.exit_code == 1
    assert "there is no record of a call cell1-1.1" in unknown.stderr
    assert json.loads(run("--json").stdout)["call_id"] == CALL
