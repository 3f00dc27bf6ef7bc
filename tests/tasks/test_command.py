"""F37: `vats task` and the operations on tasks."""

import asyncio
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.calls.callbacks import NoCallbacks
from engine.calls.queueing import NO_WANTS
from engine.cli import vats
from engine.cli.task import task
from engine.clock import SystemClock
from engine.directory.loader import load_directory
from engine.operations import EngineClient, OperationFailed, serve
from engine.records.query import iso
from engine.records.tasks.store import TaskStore
from engine.settings import Settings, load_settings
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.task_operations import task_operations
from tests.tasks.office import CLIENT

TENANT = """\
tenant: acme
title: Acme
users: {"101": {name: Анна}, "103": {name: Старший}}
phone_book: {"+79031112233": Иван Петров}
service: {severities: {3: {first_answer: 2h, next_step: 2 days, hours: always}}, escalate: {members: ["103"]}}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("{}\n")
    (tmp_path / "config" / "tenants" / "acme.yaml").write_text(TENANT)
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("VATS_DATABASE_URL", raising=False)
    (tmp_path / "var" / "run").mkdir(parents=True)
    made = load_settings(os.environ)

    async def prepare() -> None:
        database = Database(made.database_url)
        await upgrade(database)
        await database.close()

    asyncio.run(prepare())
    return made


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(task, arguments)
    assert done.exit_code == code, done.output
    return done.output


def test_from_opening_to_done(settings: Settings) -> None:
    opened = json.loads(
        run("open", "acme", "--severity", "3", "--caller", "8 903 111-22-33", "--by", "101", "--json")
    )
    assert (opened["task"], opened["caller"], opened["caller_name"]) == (1, CLIENT, "Иван Петров")
    due = datetime.fromisoformat(opened["first_answer_by"]) - datetime.fromisoformat(opened["opened_at"])
    assert due == timedelta(hours=2)
    run("open", "acme", "--severity", "1", "--subject", "сервер", "--key", "crm-7")
    again = json.loads(run("open", "acme", "--severity", "2", "--subject", "x", "--key", "crm-7", "--json"))
    assert (again["task"], again["severity"], again["subject"]) == (2, 1, "сервер")

    listed = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert [(one["task"], one["deadline"]) for one in listed] == [(2, "first_answer"), (1, "first_answer")]
    assert 3590 <= listed[0]["left_s"] <= 3600
    table = run("list", "--taken-by", "")
    assert "first answer" in table
    assert "1h 59m" in table or "2h 00m" in table

    assert run("take", "acme", "1", "--by", "101") == "task 1 of acme: taken by 101\n"
    assert "was taken by 101 at " in run("take", "acme", "1", "--by", "102", code=1)
    assert run("take", "acme", "1", "--by", "102", "--anyway") == "task 1 of acme: taken by 102\n"
    assert [json.loads(line)["task"] for line in run("list", "--taken-by", "102", "--json").splitlines()] == [
        1
    ]
    run("answer", "acme", "1", "--by", "102", "--note", "по почте")
    assert run("escalate", "acme", "1", "--by", "102") == "task 1 of acme: is on level 2\n"
    run("step", "acme", "1", "--by", "103")
    run("note", "acme", "1", "ждём поставку", "--by", "103")
    assert run("done", "acme", "1", "--by", "103") == "task 1 of acme: done\n"
    shown = run("show", "acme", "1")
    whats = [line.split()[1] for line in shown.splitlines() if line.startswith("  ")]
    assert whats == ["opened", "taken", "taken", "answered", "escalated", "step", "note", "done"]
    assert "answered by 102: по почте" in shown
    assert [json.loads(line)["task"] for line in run("list", "--json").splitlines()] == [2]
    assert [json.loads(line)["task"] for line in run("list", "--all", "--json").splitlines()] == [2, 1]


def test_the_report(settings: Settings) -> None:
    for severity in ("3", "3", "1"):
        run("open", "acme", "--severity", severity, "--subject", "x")
    run("done", "acme", "1", "--by", "101")
    today = iso(SystemClock().wall_ms())[:10]
    lines = [json.loads(line) for line in run("report", "--since", today, "--json").splitlines()]
    assert [
        (one["severity"], one["deadline"], one["kept"], one["missed"], one["open"], one["share"])
        for one in lines
    ] == [
        (1, "first_answer", 0, 0, 1, None),
        (1, "next_step", 0, 0, 1, None),
        (3, "first_answer", 1, 0, 1, 1.0),
        (3, "next_step", 1, 0, 1, 1.0),
    ]
    people = run("report", "--tenant", "acme", "--people", "--per", "week")
    assert "100.0 %" in people
    assert "nobody yet" in people
    assert run("report", "--until", "2020-01-01") == "no tasks\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("done", "acme", "9"), "vats task: acme has no task 9"),
        (("open", "acmi", "--severity", "3", "--subject", "x"), "unknown tenant acmi, expected one of acme"),
        (("open", "acme", "--severity", "3"), "a task needs a number to ring, or a subject"),
        (("open", "acme", "--severity", "3", "--caller", "12"), "'12' is no telephone number"),
    ],
)
def test_mistakes(settings: Settings, arguments: tuple[str, ...], expected: str) -> None:
    assert expected in run(*arguments, code=1)


async def test_the_operations(settings: Settings) -> None:
    database, directory = Database(settings.database_url), load_directory(settings.tenants_folder)[0]
    store = TaskStore(database, lambda: directory, SystemClock())
    server = await serve(
        settings.engine_socket, task_operations(store, NoCallbacks(), lambda: directory, lambda *_: NO_WANTS)
    )
    client = EngineClient(settings)
    try:
        made = await client.call("task.open", tenant="acme", severity=3, by="api", caller=CLIENT)
        number = made["task"]
        assert (await client.call("task.take", tenant="acme", task=number, by="101"))["taken_by"] == "101"
        (one,) = await client.call("task.list", tenant="acme")
        assert (one["task"], one["deadline"]) == (number, "first_answer")
        await client.call("task.answer", tenant="acme", task=number, by="101")
        await client.call("task.step", tenant="acme", task=number, by="101")
        await client.call("task.escalate", tenant="acme", task=number, by="101")
        await client.call("task.note", tenant="acme", task=number, by="101", note="x")
        await client.call("task.done", tenant="acme", task=number, by="101")
        shown = await client.call("task.show", tenant="acme", task=number)
        assert len(shown["acts"]) == 7
        with pytest.raises(OperationFailed, match="was done by 101"):
            await client.call("task.done", tenant="acme", task=number, by="101")
        with pytest.raises(OperationFailed, match="acme has no task 77"):
            await client.call("task.show", tenant="acme", task=77)
    finally:
        await server.close()
        await database.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("task", "list"),
        ("task", "report"),
        ("ticket", "list"),
        ("rating", "list"),
        ("rating", "report"),
        ("client", "heavy"),
    ],
)
def test_an_empty_list_of_an_unknown_tenant_says_which_there_are(
    settings: Settings, arguments: tuple[str, ...]
) -> None:
    for tenant, told in (("acm", True), ("acme", False)):
        done = CliRunner().invoke(vats, [*arguments, "--tenant", tenant])
        assert (done.exit_code, "did you mean acme" in done.output) == (0, told), done.output
