"""Deadlines and marks on a real Asterisk with real phones (F37 F38 F42): what a caller speaks out of hours is
a task with the right deadlines, answered by ringing him back; a low mark and what he says about it reach a
receiver.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import trustme

from engine.signed_requests.signature import secret_name, signature
from engine.store.types import from_text
from tests.live.people import CALLER_HZ, Talk, a_caller, enter, keys
from tests.live.site import Site, eventually, running_site
from tests.phones import PhoneCall, tones_heard, write_tone
from tests.signed_requests.server import Got, Server, says

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

OFFICE, URGENT, RATED = "+74951234567", "+74951234568", "+74951234569"
ZONE = ZoneInfo("Asia/Omsk")
BEEP_HZ = 700


def tenant(now: datetime, port: int) -> str:
    """The office opens in three hours for two; urgent requests are due within half a minute."""
    hours = f"{now + timedelta(hours=3):%H:%M}-{now + timedelta(hours=5):%H:%M}"
    return f"""\
tenant: acme
title: Acme
timezone: Asia/Omsk
numbers:
  "{OFFICE}": {{scenario: night}}
  "{URGENT}": {{scenario: urgent}}
  "{RATED}": {{scenario: rated}}
users: {{"101": {{name: Anna}}, "102": {{name: Bob}}, "103": {{name: Eve}}}}
schedules: {{office: {{hours: {{mon-sun: "{hours}"}}}}}}
outgoing: {{trunk: city, number: "{OFFICE}"}}
service:
  calendar: office
  severities: {{1: {{first_answer: 0.4m, next_step: 0.5m, hours: always}}}}
  warn: 50%
  escalate: {{members: ["103"]}}
notices: {{crm: {{url: "https://localhost:{port}/vats"}}}}
"""


NIGHT = """\
scenario: night
start: message
steps:
  message: {type: voicemail, mailbox: "102", greeting: {text: "Говорите."}}
"""
URGENTLY = NIGHT.replace("night", "urgent").replace('"102",', '"102", task: 1,')
RATE = """\
scenario: rated
start: anna
steps:
  anna: {type: ring, user: "101", timeout: 15s, after: rate}
  rate:
    type: survey
    questions:
    - {name: politeness, prompt: {text: "Вежливость?"}}
    - {name: overall, prompt: {text: "В целом?"}}
    comment: {below: 3, longest: 30s, prompt: {text: "Говорите."}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Server, Path]]:
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with Server(authority, [says({})]) as server:
        yield server, ca_file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(crm: tuple[Server, Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("service")
    tenants, scenarios = folder / "acme-tenants", folder / "acme-scenarios"
    (scenarios / "acme").mkdir(parents=True)
    tenants.mkdir()
    (tenants / "acme.yaml").write_text(tenant(datetime.now(ZONE), crm[0].port))
    for name, text in (("night", NIGHT), ("urgent", URGENTLY), ("rated", RATE)):
        (scenarios / "acme" / f"{name}.yaml").write_text(text)
    web_services = {"allow": ["127.0.0.0/8", "::1/128"], "ca_file": str(crm[1])}
    async with running_site(
        folder, "engine", "worker", tenants=tenants, scenarios=scenarios, web_services=web_services
    ) as running:
        yield running


def rows(site: Site, statement: str, *values: object) -> list[dict[str, Any]]:
    with sqlite3.connect(site.settings.home / "vats.db") as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(statement, values)]


async def speaks(call: PhoneCall, folder: Path, seconds: float = 3.5) -> None:
    """After the beep, then hash."""
    await call.record(folder / "heard.wav")
    await call.wait_tone(BEEP_HZ, 0.2, 20)
    await call.play(write_tone(folder / "440.wav", CALLER_HZ))
    await asyncio.sleep(seconds)
    await call.digits("#")


async def task_of(site: Site, caller: str) -> dict[str, Any]:
    found = await eventually(
        lambda: rows(site, "SELECT * FROM task WHERE caller = ?", caller),
        20,
        f"a task; worker: {site.instance.log('worker')[-3000:]}",
    )
    assert len(found) == 1
    return dict(found[0])


def told(crm: Server, site: Site, kind: str) -> list[Got]:
    """Requests of a kind, each with the right signature."""
    found = [got for got in crm.got if got.json["event"] == kind]
    for got in found:
        key = (site.settings.secrets_folder / secret_name("acme")).read_text().strip()
        timestamp = got.headers["x-vats-timestamp"]
        assert got.headers["x-vats-signature"] == signature(key, timestamp, got.body)
    return found


async def test_f37_a_message_out_of_hours_is_due_two_working_hours_after_the_opening(
    site: Site, tmp_path: Path
) -> None:
    caller = a_caller()
    call = await enter(site, caller, number=OFFICE)
    await speaks(call, tmp_path)
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert record["disposition"] == "voicemail"
    task = await task_of(site, caller)
    assert (task["kind"], task["severity"], task["call_id"]) == ("callback", 3, record["call_id"])
    opened = from_text(task["opened_at"])
    assert from_text(record["started_at"]) < opened < from_text(record["ended_at"])
    # The two hours are all of today's working time: due at its close, a whole number of minutes.
    due = datetime.fromtimestamp(from_text(task["first_answer_by"]) / 1000, ZONE)
    office = site.settings.tenants_folder / "acme.yaml"
    close = office.read_text().partition('mon-sun: "')[2].partition('"')[0].partition("-")[2]
    assert f"{due:%H:%M:%S}" == f"{close}:00"
    assert 4 * 3600 < (due.timestamp() - opened / 1000) <= 5 * 3600
    # Two working days later at the same place of the day: at the opening.
    step = datetime.fromtimestamp(from_text(task["next_step_by"]) / 1000, ZONE)
    assert step - (due - timedelta(hours=2)) == timedelta(days=2)
    (listed,) = [
        one
        for one in map(json.loads, site.vats("task", "list", "--json").stdout.splitlines())
        if one["caller"] == caller
    ]
    assert (listed["deadline"], listed["left_s"]) == ("first_answer", 7200)

    # Anna rings him back: as soon as they talk it is answered, while the call goes on.
    anna, city = await site.phone("101", "acme"), await site.city()
    dialling = await anna.call(f"8{caller.removeprefix('+7')}")
    offered = await city.wait_incoming(20)
    await offered.answer()
    await dialling.wait_state("answered", 20)
    answered = await eventually(
        lambda: rows(site, "SELECT * FROM task WHERE caller = ? AND answered_at IS NOT NULL", caller),
        20,
        "it is answered",
    )
    assert (answered[0]["answered_by"], answered[0]["taken_by"]) == ("101", "101")
    assert len(await site.calls()) == 1
    await dialling.hangup()
    shown = site.vats("task", "show", "acme", str(task["number"])).stdout
    assert "answered by 101" in shown
    assert site.vats("task", "done", "acme", str(task["number"]), "--by", "101").returncode == 0


async def test_f37_a_deadline_that_nobody_keeps_is_told_of_in_time(
    site: Site, crm: tuple[Server, Path], tmp_path: Path
) -> None:
    caller = a_caller()
    call = await enter(site, caller, number=URGENT)
    await speaks(call, tmp_path)
    await call.wait_state("ended", 20)
    task = await task_of(site, caller)
    assert task["severity"] == 1
    due = from_text(task["first_answer_by"])
    assert due - from_text(task["opened_at"]) == 24_000
    for kind in ("task.warning", "task.missed", "task.escalated"):
        await eventually(partial(told, crm[0], site, kind), 45, kind)
    (warning, *_), (missed, *_) = told(crm[0], site, "task.warning"), told(crm[0], site, "task.missed")
    assert warning.json["data"]["task"] == missed.json["data"]["task"] == task["number"]
    assert warning.json["data"]["deadline"] == "first_answer"
    assert int(warning.headers["x-vats-timestamp"]) * 1000 < due + 2000
    assert due < (int(missed.headers["x-vats-timestamp"]) + 1) * 1000 < due + 10_000
    (escalated,) = told(crm[0], site, "task.escalated")
    assert escalated.json["data"]["members"] == ["103"]
    assert rows(site, "SELECT level FROM task WHERE caller = ?", caller) == [{"level": 2}]


async def test_f38_a_low_mark_its_comment_and_the_operator_after_a_transfer(
    site: Site, crm: tuple[Server, Path], tmp_path: Path
) -> None:
    caller = a_caller()
    anna, bob, city = await site.phone("101", "acme"), await site.phone("102", "acme"), await site.city()
    call = await city.call(RATED, caller=caller)
    to_anna = await anna.wait_incoming(20)
    await to_anna.answer()
    await call.wait_state("answered", 20)
    await Talk(call, to_anna, tmp_path).begin()
    await keys(to_anna, "##102")
    to_bob = await bob.wait_incoming(20)
    await to_bob.answer()
    await Talk(call, to_bob, tmp_path).begin()
    await call.stop_play()
    await to_bob.hangup()
    await site.wait_call(caller=caller, state="survey", timeout=20)
    await call.digits("7")  # there is no such mark
    await asyncio.sleep(1)
    await call.digits("2")
    await asyncio.sleep(0.5)
    await call.digits("4")
    await speaks(call, tmp_path)
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert (record["disposition"], record["rating"]) == ("answered", 4)
    marks = rows(site, "SELECT * FROM survey_answer WHERE call_id = ?", record["call_id"])
    comment = f"{record['call_id']}.message.1"
    assert sorted((row["question"], row["mark"], row["operator"], row["comment"]) for row in marks) == [
        ("overall", 4, "102", None),
        ("politeness", 2, "102", comment),
    ]
    (message,) = await eventually(
        lambda: rows(site, "SELECT * FROM voice_message WHERE message = ? AND state = 'done'", comment),
        20,
        "the comment is kept",
    )
    heard = tones_heard(site.settings.messages_folder / message["path"], [CALLER_HZ])[CALLER_HZ]
    assert 2.5 < heard.seconds < 5
    (got,) = await eventually(lambda: told(crm[0], site, "rating.low"), 20, "the low mark is told of")
    assert got.json["data"] == {
        "call_id": record["call_id"], "question": "politeness", "mark": 2, "operator": "102",
        "queue": None, "caller": caller, "comment": comment,
    }  # fmt: skip
    listed = site.vats("rating", "list", "--up-to", "2", "--json").stdout.splitlines()
    assert [json.loads(line)["comment"] for line in listed] == [comment]
    (line,) = map(
        json.loads, site.vats("rating", "report", "--question", "politeness", "--json").stdout.splitlines()
    )
    assert (line["operator"], line["average"], line["low"], line["comments"]) == ("102", 2.0, 1, 1)
    # A comment is neither a mail to anybody nor a task.
    assert rows(site, "SELECT * FROM task WHERE message = ?", comment) == []
