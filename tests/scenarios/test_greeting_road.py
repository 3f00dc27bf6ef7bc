"""F19: a user's own greeting, against the scripted switch: spoken in the mailbox, heard before the beep."""

import pytest

from engine.calls.mailboxes import GreetingProblem
from engine.journal.events import Entry
from engine.journal.recording_events import GreetingChanged, MessageStarted
from tests.fake_switch.callers import Caller
from tests.scenarios.on_switch import DESK, Stage, failures
from tests.scenarios.test_mailbox_road import Shelf, heard
from tests.virtual_time import run

STEPS = """\
start: leave
steps:
  leave: {type: voicemail, mailbox: "101", next: bye}
  bye: {type: hangup, prompt: goodbye}
"""
OWN, NEW = "sound:/greetings/101", "sound:/greetings/101.new"


class Book:
    """Greetings in memory."""

    def __init__(self) -> None:
        self.own: dict[str, str] = {}
        self.made: list[str] = []
        self.broken = False

    def of(self, tenant: str, mailbox: str) -> str | None:
        return self.own.get(f"{tenant}/{mailbox}")

    async def make(self, tenant: str, mailbox: str, recording: str) -> str:
        if self.broken:
            raise GreetingProblem("the disk is full")
        self.made.append(recording)
        return NEW

    async def keep(self, tenant: str, mailbox: str) -> None:
        self.own[f"{tenant}/{mailbox}"] = OWN

    async def remove(self, tenant: str, mailbox: str) -> None:
        self.own.pop(f"{tenant}/{mailbox}", None)


def stage_with(book: Book) -> Stage:
    stage = Stage(STEPS)
    stage.mailboxes, stage.greetings = Shelf(), book
    return stage


async def speak(stage: Stage, caller: Caller, key: str = "#") -> None:
    """The greeting is asked for, spoken after the beep, and ended by a key."""
    await heard(stage, caller, "greeting-record", "sound:beep")
    await stage.until(lambda: caller.channel.recording is not None)
    await stage.passes(3)
    caller.press(key)


def changes(entries: list[Entry]) -> list[tuple[str, bool]]:
    return [(e.event.mailbox, e.event.own) for e in entries if isinstance(e.event, GreetingChanged)]


def test_spoken_heard_spoken_anew_and_kept() -> None:
    book = Book()

    async def scene() -> None:
        async with stage_with(book) as stage:
            caller = stage.switch.from_user(DESK, "*97")
            await heard(stage, caller, "mailbox-empty")
            caller.press("0")
            await speak(stage, caller)
            await heard(stage, caller, NEW, "greeting-choose")
            caller.press("2")
            await speak(stage, caller)
            await heard(stage, caller, NEW)
            caller.press("1")
            await heard(stage, caller, "greeting-kept", "mailbox-empty")
            caller.hang_up()
            entries = await stage.ended(caller)
            assert changes(entries) == [("101", True)]
            assert len(set(book.made)) == 2
            assert not any(isinstance(entry.event, MessageStarted) for entry in entries)
            # Whoever calls hears it instead of the usual one.
            stranger = stage.call()
            await heard(stage, stranger, OWN, "sound:beep")
            stranger.hang_up()
            await stage.ended(stranger)

    run(scene())


def test_back_to_the_usual_one_and_nothing_chosen() -> None:
    book = Book()
    book.own["acme/101"] = OWN

    async def scene() -> None:
        async with stage_with(book) as stage:
            caller = stage.switch.from_user(DESK, "*97")
            await heard(stage, caller, "mailbox-empty")
            caller.press("0")
            await speak(stage, caller)
            for _ in range(2):
                await heard(stage, caller, NEW, "greeting-choose")
            await heard(stage, caller, "greeting-as-before", "mailbox-empty")
            assert book.own
            caller.press("0")
            await speak(stage, caller)
            await heard(stage, caller, NEW)
            caller.press("3")
            await heard(stage, caller, "greeting-usual")
            caller.hang_up()
            assert changes(await stage.ended(caller)) == [("101", False)]
            stranger = stage.call()
            await heard(stage, stranger, "leave-message")
            stranger.hang_up()
            await stage.ended(stranger)

    run(scene())


def test_who_says_nothing_keeps_what_he_had() -> None:
    book = Book()

    async def scene() -> None:
        async with stage_with(book) as stage:
            caller = stage.switch.from_user(DESK, "*97")
            caller.channel.talks_for_s = 0.0
            await heard(stage, caller, "mailbox-empty")
            caller.press("0")
            await heard(stage, caller, "greeting-record", "sound:beep", "greeting-choose")
            caller.press("1")  # there is nothing to be kept
            await heard(stage, caller, "greeting-as-before")
            caller.hang_up()
            assert changes(await stage.ended(caller)) == []
            assert book.made == []

    run(scene())


def test_what_cannot_be_made_is_told() -> None:
    book = Book()
    book.broken = True

    async def scene() -> None:
        async with stage_with(book) as stage:
            caller = stage.switch.from_user(DESK, "*97")
            await heard(stage, caller, "mailbox-empty")
            caller.press("0")
            await speak(stage, caller)
            await heard(stage, caller, "greeting-failed", "mailbox-empty", "mailbox-goodbye")
            assert failures(await stage.ended(caller)) == []

    run(scene())


def test_who_hangs_up_while_he_speaks_keeps_what_he_had() -> None:
    book = Book()

    async def scene() -> None:
        async with stage_with(book) as stage:
            caller = stage.switch.from_user(DESK, "*97")
            await heard(stage, caller, "mailbox-empty")
            caller.press("0")
            await heard(stage, caller, "sound:beep")
            await stage.passes(1)
            caller.hang_up()
            assert changes(await stage.ended(caller)) == []
            assert book.made == []

    run(scene())


@pytest.mark.parametrize("missing", [False, True])
def test_a_greeting_in_the_scenario_comes_first_and_a_lost_file_is_replaced(missing: bool) -> None:
    book = Book()
    book.own["acme/101"] = OWN
    written = '{type: voicemail, mailbox: "101", greeting: speak, next: bye}'

    async def scene() -> None:
        stage = Stage(
            STEPS if missing else STEPS.replace('{type: voicemail, mailbox: "101", next: bye}', written)
        )
        stage.greetings = book
        async with stage:
            if missing:
                stage.switch.missing.add(OWN)
            caller = stage.call()
            await heard(stage, caller, "leave-message" if missing else "speak", "sound:beep")
            caller.hang_up()
            assert failures(await stage.ended(caller)) == []

    run(scene())
