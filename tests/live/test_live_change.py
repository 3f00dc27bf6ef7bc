"""Saved scenarios take effect on new calls within a second; wrong ones change nothing (F43, F44)."""

import asyncio
import json
import re
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from engine.operations import EngineClient
from engine.scenarios.loader import load_scenario
from tests.live.people import a_caller, end, enter, nothing_left, verified
from tests.live.site import CITY_NUMBER, HERE, Site, eventually, running_site
from tests.sipp import Caller, Sipp

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Editor:
    """Somebody who saves the scenario `main` of a running installation."""

    site: Site
    file: Path
    right: str

    def save(self, text: str) -> float:
        """As editors do, by a file beside it that takes its place; returns when, on the monotonic clock."""
        part = self.file.with_name(".main.yaml.swp")
        part.write_text(text)
        part.rename(self.file)
        return time.monotonic()

    def version(self) -> str:
        scenario = load_scenario(self.file, "romashka").scenario
        assert scenario is not None
        return scenario.version

    async def findings(self) -> list[str]:
        return list((await EngineClient(self.site.settings).call("status"))["findings"])

    async def until_findings(self, wanted: bool, timeout: float = 5) -> list[str]:
        finish = time.monotonic() + timeout
        while bool(found := await self.findings()) != wanted:
            assert time.monotonic() < finish, f"findings: {found}, wanted some: {wanted}"
            await asyncio.sleep(0.05)
        return found

    def line_of(self, text: str) -> int:
        """Number of the line of the file that holds this text."""
        lines = self.file.read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(HERE / "scenarios", folder / "own-scenarios")
    shutil.copytree(HERE / "tenants", folder / "own-tenants")
    async with running_site(
        folder,
        *("engine", "worker", "web"),
        tenants=folder / "own-tenants",
        scenarios=folder / "own-scenarios",
        any_port=True,  # SIPp's
    ) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def editor(running: Site) -> AsyncIterator[Editor]:
    """With the file as it was before, whatever a test made of it."""
    file = running.settings.scenarios_folder / "romashka" / "main.yaml"
    it = Editor(running, file, (HERE / "scenarios" / "romashka" / "main.yaml").read_text())
    it.save(it.right)
    live = running.settings.versions_folder / "live.json"
    await eventually(lambda: it.version() in live.read_text(), 5, "the right file is live again")
    await it.until_findings(False)
    yield it


async def short_call(site: Site) -> dict[str, Any]:
    """The record of a call that hears the menu and hangs up."""
    caller = a_caller()
    call = await enter(site, caller)
    await site.wait_call(caller=caller, state="menu")
    await call.hangup()
    return await site.record_of(caller)


async def healthz(site: Site) -> dict[str, Any]:
    # The page's process starts beside the others and may be the last to be there.
    transport = httpx.AsyncHTTPTransport(retries=8)
    async with httpx.AsyncClient(trust_env=False, transport=transport, timeout=20) as client:
        answer = await client.get(f"http://127.0.0.1:{site.settings.ports.web}/healthz")
    assert answer.status_code == 200, "calls are served all the same"
    return dict(answer.json())


async def test_f44_a_saved_scenario_is_for_new_calls_and_running_ones_keep_theirs(editor: Editor) -> None:
    site = editor.site
    anna, petr = await site.phone("101"), await site.phone("102")
    early, late = a_caller(), a_caller()
    old = editor.version()
    first = await enter(site, early)
    await site.wait_call(caller=early, state="menu")
    editor.save(
        editor.right.replace('{type: ring, user: "101", timeout', '{type: ring, user: "102", timeout')
    )
    new = editor.version()
    assert new != old
    live = site.settings.versions_folder / "live.json"
    await eventually(lambda: new in live.read_text(), 5, "the change is live")
    second = await enter(site, late, "2")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await first.digits("2")
    to_anna = await anna.wait_incoming()
    await to_anna.answer()
    for caller, operator in ((early, "101"), (late, "102")):
        await site.wait_call(caller=caller, state="talking", operator=operator)
    await first.hangup()
    await second.hangup()
    versions = {caller: (await site.record_of(caller))["scenario_version"] for caller in (early, late)}
    assert versions == {early: old, late: new}
    verified(site)
    await nothing_left(site)


async def test_f44_a_call_keeps_its_version_over_a_restart_and_a_rollback_is_live_at_once(
    editor: Editor,
) -> None:
    site = editor.site
    anna = await site.phone("101")
    early, old = a_caller(), editor.version()
    first = await enter(site, early)
    await site.wait_call(caller=early, state="menu")
    editor.save(editor.right.replace("keys: {2: desk, 3: sales", "keys: {3: sales"))
    live = site.settings.versions_folder / "live.json"
    await eventually(lambda: editor.version() in live.read_text(), 5, "the change is live")
    assert site.engine is not None
    await end(site.engine)
    await site.start_engine()
    await site.wait_call(caller=early, state="menu")
    await first.digits("2")
    to_anna = await anna.wait_incoming()
    await to_anna.answer()
    await site.wait_call(caller=early, state="talking", operator="101")
    await first.hangup()
    assert (await site.record_of(early))["scenario_version"] == old

    back = await asyncio.to_thread(
        site.vats, "scenario", "rollback", "romashka/main", old[:8], "--by", "Anna"
    )
    assert back.returncode == 0, back.stderr
    assert "new calls take it" in back.stdout
    assert editor.file.read_text() == editor.right
    assert (await short_call(site))["scenario_version"] == old
    told = await asyncio.to_thread(site.vats, "scenario", "history", "romashka/main", "--json")
    newest = json.loads(told.stdout.splitlines()[0])
    assert (newest["version"], newest["by"], newest["cause"]) == (old, "Anna", f"rollback to {old}")
    handed = site.folder / "main.yaml"
    handed.write_text(editor.right.replace("Главное меню", "Меню"))
    put = await asyncio.to_thread(site.vats, "apply", str(handed), "--tenant", "romashka")
    assert put.returncode == 0, put.stderr
    told_after = re.search(r"1 of 1 files put in place; new calls take them, after ([0-9.]+) s", put.stdout)
    assert told_after is not None, put.stdout
    assert float(told_after[1]) < 10, "0.1 s, and longer on a busy machine"
    assert (await short_call(site))["scenario_version"] == editor.version() != old


WRONG = {
    "unknown step": ("sales: {type: ring, group: sales}", "sales: {type: rang, group: sales}", "rang"),
    "missing target": ("{2: desk, 3: sales", "{2: nowhere, 3: sales", "nowhere"),
    "bad YAML": ("keys: {2: desk, 3: sales, 4: rated}", "keys: {2: desk, 3: sales, 4: rated", "4: rated"),
}


@pytest.mark.parametrize("fault", WRONG)
async def test_f43_a_wrong_file_is_named_by_line_and_changes_nothing(editor: Editor, fault: str) -> None:
    site = editor.site
    before, after, mark = WRONG[fault]
    assert before in editor.right
    good = editor.version()
    editor.save(editor.right.replace(before, after))
    checked = await asyncio.to_thread(site.vats, "check")
    assert checked.returncode == 1
    line = editor.line_of(mark)
    # A bracket that is not closed shows where the next line begins.
    lines = (line, line + 1) if fault == "bad YAML" else (line,)
    places = [f"{editor.file}:{number}:" for number in lines]
    assert any(place in checked.stderr for place in places), checked.stderr
    if fault != "bad YAML":
        assert mark in checked.stderr
    found = await editor.until_findings(True)
    assert any(place in finding for finding in found for place in places), found
    assert (await short_call(site))["scenario_version"] == good
    health = await healthz(site)
    assert health["status"] == "degraded"
    assert str(editor.file) in str(health)
    editor.save(editor.right)
    await editor.until_findings(False)
    assert str(editor.file) not in str(await healthz(site))


async def test_f44_a_deleted_file_goes_on_serving_even_a_new_engine_until_it_is_back(editor: Editor) -> None:
    site = editor.site
    good = editor.version()
    editor.file.unlink()
    found = await editor.until_findings(True)
    assert "romashka.yaml" in found[0]
    assert "main" in found[0]
    assert (await asyncio.to_thread(site.vats, "check")).returncode == 1
    assert (await short_call(site))["scenario_version"] == good
    assert site.engine is not None
    await end(site.engine)
    await site.start_engine()
    record = await short_call(site)
    assert (record["scenario"], record["scenario_version"]) == ("main", good)
    editor.save(editor.right)
    await editor.until_findings(False)
    await eventually(lambda: site.vats("check").returncode == 0, 5)
    assert (await short_call(site))["scenario_version"] == good
    verified(site)


# The last line can be cut so that what is left is right, and its two marks differ.
MARKED = """\
scenario: main
title: Правка {mark}
start: one
steps:
  one: {{type: set, variables: {{first: {mark}}}, next: hello}}
  hello: {{type: play, prompt: {{text: "Да."}}, next: two}}
  bye: {{type: hangup}}
  two:
    type: set
    next: bye
    variables:
      second: {mark}
"""
RATE = 20  # calls a second
CALLS = 240
EDITS_S = 100


class Script:
    """A program that knows no mercy: a hundred edits a second, in every way that programs write files."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._number = 1000
        self.edits = 0

    def _text(self) -> str:
        self._number += 1
        return MARKED.format(mark=f"m{self._number}")

    async def run(self) -> None:
        """Until cancelled; then the file is whole."""
        ways = (self._by_rename, self._in_two_pieces, self._away_and_back, self._broken, self._beside)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            while True:
                await ways[self.edits % len(ways)]()
                self.edits += 1
                await asyncio.sleep(max(0.0, began + self.edits / EDITS_S - loop.time()))
        finally:
            self._rename(self._text())

    def _rename(self, text: str) -> None:
        part = self._file.with_name("main.yaml~")
        part.write_text(text)
        part.rename(self._file)

    async def _by_rename(self) -> None:
        self._rename(self._text())

    async def _in_two_pieces(self) -> None:
        text = self._text()
        with self._file.open("w") as writer:
            writer.write(text[:-3])
            writer.flush()
            await asyncio.sleep(0.003)
            writer.write(text[-3:])

    async def _away_and_back(self) -> None:
        self._file.unlink()
        await asyncio.sleep(0.001)
        self._file.write_text(self._text())

    async def _broken(self) -> None:
        self._file.write_text(self._text().replace("type: play", "type: paly"))

    async def _beside(self) -> None:
        (self._file.parent / ".main.yaml.swp").write_text(self._text()[:60])


async def test_f44_a_hundred_edits_a_second_and_no_call_meets_half_a_file(editor: Editor) -> None:
    site = editor.site
    editor.save(MARKED.format(mark="m1000"))
    await editor.until_findings(False)
    live = site.settings.versions_folder / "live.json"
    await eventually(lambda: editor.version() in live.read_text(), 5, "the marked file is live")
    folder = site.folder / "edits"
    folder.mkdir()
    kept_before = len(list(site.settings.versions_folder.glob("*.json")))
    script = Script(editor.file)
    editing = asyncio.create_task(script.run())
    began = time.monotonic()
    caller = Caller(CITY_NUMBER, caller="+7988[call_number]", stay_ms=20_000)
    try:
        remote = ("127.0.0.1", site.settings.ports.sip)
        async with Sipp(caller, remote, folder, calls=CALLS, rate=RATE) as callers:
            result = await callers.wait(CALLS / RATE + 40)
    finally:
        seconds = time.monotonic() - began
        editing.cancel()
        await asyncio.gather(editing, return_exceptions=True)
    assert (result.successful, result.failed) == (CALLS, 0), result.errors

    def ended() -> list[dict[str, Any]] | None:
        rows = [row for row in site.rows() if row["caller"].startswith("+7988")]
        return rows if len(rows) >= CALLS else None

    records = await eventually(ended, 30, "all records")
    calls = {record["call_id"] for record in records}
    marks: dict[str, dict[str, str]] = {call: {} for call in calls}
    for row in site.rows("journal"):
        if row["call_id"] not in calls:
            continue
        assert row["kind"] != "step.failed", row
        if row["kind"] == "variable.set":
            data = json.loads(row["data"])
            marks[row["call_id"]][data["name"]] = data["value"]
    assert len(marks) == CALLS
    for call, found in marks.items():
        assert set(found) >= {"first", "second"}, (call, found)
        assert found["first"] == found["second"], (call, found)
    # The edits were really met, and they fill no disk: a version for each time that calls switched over.
    different = {found["first"] for found in marks.values()}
    kept = len(list(site.settings.versions_folder.glob("*.json"))) - kept_before
    print(f"{script.edits} edits in {seconds:.0f} s, {kept} versions kept, calls on {len(different)} of them")
    assert script.edits > seconds * EDITS_S * 0.2
    assert len(different) > 3
    assert kept <= seconds * 6 + 2
    await editor.until_findings(False)
    await eventually(lambda: editor.version() in live.read_text(), 5, "the last edit is live")
