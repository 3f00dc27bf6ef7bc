"""Files go live within a second, wrong ones change nothing, versions are kept (F44)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.directory.prompt_model import PartValue, Prompt, TextPrompt
from engine.scenarios.library import Library
from engine.settings import Settings, Trunk

TENANT = """\
tenant: acme
title: Acme
numbers: {"+74951234567": {scenario: main}}
users: {"101": {name: Anna}, "102": {name: Bob}}
groups: {sales: {members: ["101", "102"]}}
"""
MAIN = """\
scenario: main
start: hello
steps:
  hello: {type: ring, group: sales, on_no_answer: bye}
  bye: {type: hangup, prompt: {text: Goodbye}}
"""


class Unspoken(NamedTuple):
    prompt: PartValue
    message: str


class Voice:
    """Makes prompts in no time, except texts that cannot be spoken."""

    def __init__(self) -> None:
        self.prepared: list[tuple[str, str, list[Prompt]]] = []

    def prepare(self, tenant: str, folder: Path, language: str, prompts: Iterable[Prompt]) -> list[Unspoken]:
        wanted = list(prompts)
        self.prepared.append((tenant, language, wanted))
        return [
            Unspoken(prompt, "no voice says this")
            for prompt in wanted
            if isinstance(prompt, TextPrompt) and "unspeakable" in prompt.text
        ]


class Place:
    """A configuration in a folder, and the library that reads it."""

    def __init__(self, folder: Path) -> None:
        self.tenants = folder / "config" / "tenants"
        self.scenarios = folder / "ivr_scenarios"
        self.tenants.mkdir(parents=True)
        (self.scenarios / "acme").mkdir(parents=True)
        self.settings = Settings(
            home=folder / "var",
            config=folder / "config" / "vats.yaml",
            trunks={"city": Trunk(addresses=["127.0.0.1"])},
        )
        self.tenant(TENANT)
        self.main(MAIN)
        self.voice = Voice()
        self.library = self.new_library()

    def new_library(self) -> Library:
        return Library(self.settings, self.voice)

    def tenant(self, text: str, name: str = "acme") -> None:
        (self.tenants / f"{name}.yaml").write_text(text)

    def main(self, text: str, name: str = "main") -> None:
        """As editors save: by rename."""
        path = self.scenarios / "acme" / f"{name}.yaml"
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    def start(self) -> str:
        """Where a call that begins now starts."""
        scenario = self.library.find("acme", "main")
        return scenario.start if scenario else ""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_right_goes_live_and_is_stored(place: Place) -> None:
    assert place.library.load() == []
    scenario = place.library.find("acme", "main")
    assert scenario is not None
    assert len(scenario.version) == 12
    assert (place.settings.versions_folder / f"{scenario.version}.json").is_file()
    assert place.voice.prepared[0][:2] == ("acme", "ru")
    assert TextPrompt(text="Goodbye") in place.voice.prepared[0][2]
    assert "try-later" in place.voice.prepared[0][2]  # the error road has something to say
    entry = place.library.directory.number("+74951234567")
    assert entry is not None
    assert entry.scenario == "main"


def test_the_version_is_of_the_content_and_not_of_its_looks(place: Place) -> None:
    place.library.load()
    first = place.library.find("acme", "main")
    place.main("# a remark\n" + MAIN.replace("{type: hangup, prompt", "{  type:  hangup,  prompt"))
    place.library.load()
    second = place.library.find("acme", "main")
    place.main(MAIN.replace("Goodbye", "See you"))
    place.library.load()
    third = place.library.find("acme", "main")
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.version == second.version != third.version
    # A call that began on the first version finds it, also after a restart without the database.
    assert place.library.version(first.version) == first
    assert place.new_library().version(first.version) == first
    # In memory there are no more than are live, however often somebody saves.
    place.main(MAIN)
    place.library.load()
    assert list(place.library._known) == [first.version]
    assert place.library.version(third.version) == third
    assert place.library.version("0" * 12) is None
    assert place.library.version("../../etc/passwd") is None


def test_a_wrong_scenario_changes_nothing(place: Place) -> None:
    place.library.load()
    good = place.library.find("acme", "main")
    place.main(MAIN.replace("type: ring", "type: rign"))
    findings = place.library.load()
    assert [finding.message for finding in findings] == ["unknown step type rign"]
    assert place.library.findings == findings
    assert place.library.find("acme", "main") is good


def test_a_wrong_tenant_changes_nothing(place: Place) -> None:
    place.library.load()
    before = place.library.directory
    place.tenant(TENANT.replace("title: Acme", "titel: Acme"))
    assert len(place.library.load()) == 2
    assert place.library.directory == before
    place.tenant(TENANT.replace("title: Acme", "title: New"))
    assert place.library.load() == []
    assert place.library.directory.tenants["acme"].title == "New"


def test_a_tenant_cannot_take_from_its_scenario_what_it_needs(place: Place) -> None:
    place.library.load()
    place.tenant(TENANT.replace("sales:", "other:").replace("title: Acme", "title: New"))
    findings = place.library.load()
    assert [(Path(one.file).name, one.line, one.message) for one in findings] == [
        ("main.yaml", 4, "unknown group sales")
    ]
    assert place.library.directory.tenants["acme"].title == "Acme"
    assert "sales" in place.library.directory.tenants["acme"].groups
    # Both changed in one go is right.
    place.main(MAIN.replace("sales", "other"))
    assert place.library.load() == []
    assert place.library.directory.tenants["acme"].title == "New"


def test_a_number_whose_scenario_is_missing_changes_nothing(place: Place) -> None:
    place.library.load()
    place.tenant(TENANT.replace("scenario: main", "scenario: gone"))
    assert [finding.message for finding in place.library.load()] == [
        "number +74951234567 has no scenario gone"
    ]
    entry = place.library.directory.number("+74951234567")
    assert entry is not None
    assert entry.scenario == "main"


def test_a_scenario_that_a_number_leads_to_outlives_its_file(place: Place) -> None:
    place.main(MAIN.replace("main", "spare"), "spare")
    place.library.load()
    (place.scenarios / "acme" / "main.yaml").unlink()
    (place.scenarios / "acme" / "spare.yaml").unlink()
    assert [finding.message for finding in place.library.load()] == [
        "number +74951234567 has no scenario main"
    ]
    assert place.library.find("acme", "main") is not None
    assert place.library.find("acme", "spare") is None


def test_after_a_restart_the_last_good_files_stand_in_for_wrong_ones(place: Place) -> None:
    place.library.load()
    good = place.library.find("acme", "main")
    place.main("scenario: main\nsteps: [\n")
    place.tenant("tenant: acme\n")
    restarted = place.new_library()
    assert {finding.severity for finding in restarted.load()} == {"error"}
    assert restarted.find("acme", "main") == good
    assert restarted.directory == place.library.directory
    again = place.new_library()
    again.load()
    assert again.find("acme", "main") == good


def test_on_the_very_first_start_a_tenant_without_its_scenario_still_has_a_desk(place: Place) -> None:
    place.main("scenario: main\nsteps: [\n")
    assert place.library.load() != []
    assert place.library.find("acme", "main") is None
    assert place.library.directory.tenants["acme"].desk_users() == ["101"]


def test_a_prompt_that_cannot_be_made_keeps_its_scenario_from_going_live(place: Place) -> None:
    place.library.load()
    good = place.library.find("acme", "main")
    place.main(MAIN.replace("Goodbye", "unspeakable"))
    findings = place.library.load()
    assert [(finding.line, finding.message) for finding in findings] == [(5, "no voice says this")]
    assert place.library.find("acme", "main") is good


def test_prompts_are_made_again_only_when_something_changed(place: Place) -> None:
    place.library.load()
    place.library.load()
    assert len(place.voice.prepared) == 1
    (place.scenarios / "acme" / "prompts").mkdir()
    (place.scenarios / "acme" / "prompts" / "news.wav").write_bytes(b"RIFF")
    place.library.load()
    assert len(place.voice.prepared) == 2


def test_a_number_that_is_still_live_for_another_tenant_is_refused(place: Place) -> None:
    place.library.load()
    place.tenant(TENANT.replace("title:", "titel:"))
    place.tenant(TENANT.replace("acme", "zeta"), "zeta")
    messages = [finding.message for finding in place.library.load()]
    assert "number +74951234567 is still live for acme, whose file is wrong" in messages
    entry = place.library.directory.number("+74951234567")
    assert entry is not None
    assert entry.tenant == "acme"


class Changes:
    def __init__(self) -> None:
        self.count = 0
        self.fail = False

    async def __call__(self) -> None:
        self.count += 1
        if self.fail:
            raise RuntimeError("the switch is away")


async def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> float:
    """Seconds until the condition held."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError("it did not come")
        await asyncio.sleep(0.01)
    return time.monotonic() - began


@asynccontextmanager
async def watching(place: Place) -> AsyncIterator[Changes]:
    place.library.load()
    changes = Changes()
    task = asyncio.create_task(place.library.watch(changes))
    try:
        # The first change may come before the file system's watch is up, so it is not timed.
        place.main(MAIN.replace("Goodbye", "Ready"))
        await eventually(lambda: changes.count == 1)
        yield changes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


async def test_a_saved_file_is_live_within_a_second(place: Place) -> None:
    async with watching(place) as changes:
        place.main(MAIN.replace("start: hello", "start: bye"))
        assert await eventually(lambda: place.start() == "bye") < 1.0
        await eventually(lambda: changes.count == 2)


async def test_a_wrong_file_is_told_and_then_mended(place: Place) -> None:
    async with watching(place) as changes:
        place.main("scenario: main\nsteps: [\n")
        assert await eventually(lambda: len(place.library.findings) == 1) < 1.0
        assert (place.start(), changes.count) == ("hello", 1)
        place.main(MAIN.replace("start: hello", "start: bye"))
        await eventually(lambda: place.start() == "bye")
        assert [finding.severity for finding in place.library.findings] == ["warning"]  # hello is not reached


async def test_a_change_that_cannot_be_told_does_not_end_the_watch(place: Place) -> None:
    async with watching(place) as changes:
        changes.fail = True
        place.tenant(TENANT.replace("title: Acme", "title: Two"))
        await eventually(lambda: changes.count == 2)
        place.tenant(TENANT.replace("title: Acme", "title: Three"))
        await eventually(lambda: changes.count == 3)
        assert place.library.directory.tenants["acme"].title == "Three"
