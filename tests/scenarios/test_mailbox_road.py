"""F19: `*97`, against the scripted switch: whatever is keyed, heard, lost or restarted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.calls.mailboxes import MailboxAway, StoredMessage
from engine.directory.codes import SERVICE_CODES
from engine.directory.numbering import Dialled
from engine.directory.prompt_model import SayPrompt, parts
from engine.directory.prompts import builtin, saying
from engine.journal.events import Entry, LegCreated
from engine.journal.recording_events import MessageDeleted, MessageHeard
from engine.records.derive import derive_call
from engine.scenarios.roads.mailbox import mailbox_prompts
from engine.scenarios.roads.services import road_of
from tests.fake_switch.callers import Caller
from tests.scenarios.on_switch import DESK, NUMBER, Stage, failures, way
from tests.virtual_time import START_MS, run

STEPS = "start: bye\nsteps: {bye: {type: hangup}}\n"
MINUTE_MS, DAY_MS = 60_000, 86_400_000


def message(
    name: str, *, caller: str = "+79031112233", ago_ms: int = MINUTE_MS, heard: bool = False
) -> StoredMessage:
    left = START_MS - ago_ms
    return StoredMessage(name, "acme", "101", caller, "", left, 10_000, left if heard else None, name)


class Shelf:
    """Messages in memory."""

    def __init__(self, *messages: StoredMessage) -> None:
        self.kept = list(messages)
        self.away = False
        self.lost: set[str] = set()
        self.slow_s = 0.0
        self.open = 0

    async def messages(self, tenant: str, mailbox: str) -> Sequence[StoredMessage]:
        await asyncio.sleep(self.slow_s)
        if self.away:
            raise MailboxAway("the database is away")
        assert (tenant, mailbox) == ("acme", "101")
        return list(self.kept)

    @asynccontextmanager
    async def sound(self, message: StoredMessage) -> AsyncIterator[str]:
        if message.message in self.lost:
            raise MailboxAway(f"{message.message}: no such file")
        self.open += 1
        try:
            yield f"sound:/messages/{message.message}"
        finally:
            self.open -= 1

    def mark_heard(self, message: StoredMessage, at: int) -> None:
        at_place = self.kept.index(message)
        self.kept[at_place] = message._replace(heard_at=at)

    def delete(self, message: StoredMessage, by: str) -> None:
        assert by == "101"
        self.kept = [one for one in self.kept if one.message != message.message]


@asynccontextmanager
async def listening(
    shelf: Shelf, dialled: str = "*97", endpoint: str = DESK
) -> AsyncIterator[tuple[Stage, Caller]]:
    stage = Stage(STEPS)
    stage.mailboxes = shelf
    for one in shelf.kept:
        stage.switch.media[f"sound:/messages/{one.message}"] = one.duration_ms / 1000
    async with stage:
        yield stage, stage.switch.from_user(endpoint, dialled)
        assert shelf.open == 0, "a message's file stays open"


async def heard(stage: Stage, caller: Caller, *media: str) -> None:
    for one in media:
        await stage.hears(caller, one if ":" in one else f"sound:{one}")


def marks(entries: list[Entry]) -> list[str]:
    return [
        f"{'heard' if isinstance(entry.event, MessageHeard) else 'deleted'} {entry.event.message}"
        for entry in entries
        if isinstance(entry.event, MessageHeard | MessageDeleted)
    ]


def test_new_ones_first_each_with_number_day_and_time() -> None:
    shelf = Shelf(
        message("old", ago_ms=3 * DAY_MS, heard=True),
        message("late", caller="", ago_ms=MINUTE_MS),
        message("early", ago_ms=DAY_MS),
    )

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            await heard(stage, caller, "mailbox-you-have", "say:number:2", "mailbox-and", "say:number:1")
            await heard(stage, caller, "mailbox-new-message", "mailbox-from", "say:phone:+79031112233")
            await heard(stage, caller, "mailbox-yesterday", "say:time:10:00", "sound:/messages/early")
            await heard(stage, caller, "mailbox-help")
            caller.press("2")
            await heard(stage, caller, "mailbox-new-message", "mailbox-withheld", "mailbox-today")
            await heard(stage, caller, "say:time:09:59", "sound:/messages/late", "mailbox-help")
            caller.press("#")
            await heard(stage, caller, "mailbox-old-message", "mailbox-from", "say:date:2026-11-20")
            await heard(stage, caller, "sound:/messages/old", "mailbox-help")
            caller.press("2")
            await heard(stage, caller, "mailbox-no-more", "mailbox-goodbye")
            entries = await stage.ended(caller)
            assert marks(entries) == ["heard early", "heard late"]
            assert way(entries) == ["@dialled/*97 transferred", "@mailbox/101 done"]

    run(scene())


def test_keys_repeat_go_back_delete_and_skip() -> None:
    shelf = Shelf(message("a", ago_ms=2 * MINUTE_MS), message("b"))

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            await heard(stage, caller, "mailbox-you-have")
            caller.press("3")  # no message has been told of: nothing is deleted
            await heard(stage, caller, "sound:/messages/a")
            caller.press("1")
            await heard(stage, caller, "mailbox-new-message")
            caller.press("2")
            await heard(stage, caller, "sound:/messages/b")
            caller.press("7")
            await heard(stage, caller, "sound:/messages/a", "mailbox-help")
            caller.press("9")  # means nothing
            await stage.passes(1)
            caller.press("*")
            await heard(stage, caller, "mailbox-help")
            caller.press("3")
            await heard(stage, caller, "mailbox-deleted", "sound:/messages/b", "mailbox-help")
            caller.press("3")
            await heard(stage, caller, "mailbox-deleted", "mailbox-empty", "mailbox-goodbye")
            entries = await stage.ended(caller)
            assert marks(entries) == ["heard a", "deleted a", "heard b", "deleted b"]
            assert shelf.kept == []

    run(scene())


@pytest.mark.parametrize(("seconds", "known"), [(4.0, []), (6.0, ["heard a"])])
def test_who_hangs_up_has_heard_what_he_heard_half_of(seconds: float, known: list[str]) -> None:
    shelf = Shelf(message("a"))

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            await heard(stage, caller, "sound:/messages/a")
            await stage.passes(seconds)
            caller.hang_up()
            entries = await stage.ended(caller)
            assert marks(entries) == known
            record = derive_call(entries)
            assert record is not None
            assert record.disposition == "answered"

    run(scene())


def test_who_says_nothing_is_asked_three_times() -> None:
    async def scene() -> None:
        async with listening(Shelf(message("a"))) as (stage, caller):
            await heard(stage, caller, "sound:/messages/a")
            for _ in range(3):
                await heard(stage, caller, "mailbox-help")
                await stage.passes(1.5)
            await heard(stage, caller, "mailbox-goodbye")
            assert way(await stage.ended(caller))[-1] == "@mailbox/101 done"

    run(scene())


def test_nothing_is_there() -> None:
    async def scene() -> None:
        async with listening(Shelf()) as (stage, caller):
            await heard(stage, caller, "mailbox-empty", "mailbox-goodbye")
            await stage.ended(caller)

    run(scene())


def test_the_caller_is_rung_back() -> None:
    """An outside number by the trunk; one that was withheld cannot be."""
    shelf = Shelf(message("hidden", caller="anonymous", ago_ms=2 * MINUTE_MS), message("a"))

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            await heard(stage, caller, "sound:/messages/hidden")
            caller.press("5")
            await heard(stage, caller, "mailbox-no-number", "mailbox-new-message")
            caller.press("2")
            await heard(stage, caller, "sound:/messages/a")
            caller.press("5")
            entries: list[Entry] = []
            await stage.until(lambda: any(isinstance(e.event, LegCreated) for e in stage.journal(caller)))
            caller.hang_up()
            entries = await stage.ended(caller)
            (leg,) = [entry.event for entry in entries if isinstance(entry.event, LegCreated)]
            assert leg.number == "+79031112233"
            assert way(entries)[:2] == ["@dialled/*97 transferred", "@mailbox/101 transferred"]

    run(scene())


def test_a_file_that_is_gone_is_told_of() -> None:
    shelf = Shelf(message("gone", ago_ms=2 * MINUTE_MS), message("deaf"), message("a"))
    shelf.lost.add("gone")

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            stage.switch.missing.add("sound:/messages/deaf")
            await heard(stage, caller, "mailbox-unplayable", "mailbox-help")
            caller.press("2")
            await heard(stage, caller, "mailbox-unplayable", "mailbox-help")
            caller.press("2")
            await heard(stage, caller, "sound:/messages/a", "mailbox-help")
            caller.hang_up()
            assert marks(await stage.ended(caller)) == ["heard a"]

    run(scene())


def test_a_database_that_is_away_is_told_of_and_one_that_is_slow_is_waited_for() -> None:
    shelf = Shelf(message("a"))
    shelf.slow_s, shelf.away = 2.5, True

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            await stage.until(lambda: caller.hears == "music")
            await heard(stage, caller, "mailbox-away")
            assert way(await stage.ended(caller))[-1] == "@mailbox/101 done"
            shelf.away = False
            caller = stage.switch.from_user(DESK, "*97")
            await heard(stage, caller, "sound:/messages/a")
            caller.hang_up()
            assert failures(await stage.ended(caller)) == []

    run(scene())


def test_a_mistake_of_ours_is_no_silence() -> None:
    async def scene() -> None:
        async with listening(Shelf(message("a"))) as (stage, caller):
            stage.media.lost.add("mailbox-help")
            await heard(stage, caller, "sound:/messages/a", "try-later")
            entries = await stage.ended(caller)
            assert way(entries)[1:] == ["@mailbox/101 !", "@apology end"]
            assert marks(entries) == ["heard a"]

    run(scene())


def test_after_a_restart_of_the_engine_it_begins_anew() -> None:
    shelf = Shelf(message("a", ago_ms=2 * MINUTE_MS), message("b"))

    async def scene() -> None:
        async with listening(shelf) as (stage, caller):
            await heard(stage, caller, "sound:/messages/a", "mailbox-help")
            caller.press("3")
            await heard(stage, caller, "sound:/messages/b")
            await stage.restart_engine()
            await heard(
                stage, caller, "mailbox-you-have", "say:number:1", "sound:/messages/b", "mailbox-help"
            )
            caller.hang_up()
            entries = await stage.ended(caller)
            assert marks(entries) == ["heard a", "deleted a", "heard b"]

    run(scene())


def test_only_a_user_has_a_mailbox() -> None:
    """Who calls from outside is no user, whatever number he shows: passed on to *97, he hears nobody's."""

    async def scene() -> None:
        async with Stage("start: wait\nsteps: {wait: {type: ring, user: '102'}}\n") as stage:
            stranger = stage.switch.incoming(NUMBER, "101")
            colleague = stage.switch.from_user(DESK, "102")
            await stage.until(lambda: stranger.hears == colleague.hears == "ringback")
            calls = stage.calls
            assert (calls[stranger.id].party_user, calls[colleague.id].party_user) == ("", "101")
            stranger.hang_up()
            colleague.hang_up()
            await stage.ended(colleague)

    run(scene())
    code = Dialled("service", "mailbox")
    assert (road_of(code, ""), road_of(code, "101")) == ("", "@mailbox/101")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_all_that_is_said_can_be_said_in_both_languages(language: str) -> None:
    for prompt in mailbox_prompts(language):
        for part in parts(prompt):
            if isinstance(part, str):
                assert builtin.text(language, part) == (language, builtin.TEXTS[language][part])
            else:
                assert isinstance(part, SayPrompt)
                assert saying.problem(part, language) == ""


@pytest.mark.parametrize(
    ("language", "number", "told"),
    [
        ("ru", 1, "одно новое сообщение"),
        ("ru", 2, "два новых сообщения"),
        ("ru", 5, "пять новых сообщений"),
        ("ru", 21, "двадцать одно новое сообщение"),
        ("en", 1, "one new message"),
        ("en", 12, "twelve new messages"),
    ],
)
def test_numbers_and_messages_agree(language: str, number: int, told: str) -> None:
    new = next(
        one for one in mailbox_prompts(language) if isinstance(one, SayPrompt) and "new" in str(one.value)
    )
    assert saying.heard(new, language, {"mailbox.new": number}) == told


def test_a_phones_key_for_messages_dials_the_code() -> None:
    (code,) = (one.code for one in SERVICE_CODES if one.name == "mailbox")
    rendered = (Path(__file__).parents[2] / "asterisk" / "pjsip.conf.j2").read_text()
    assert f"default_voicemail_extension = {code}\n" in rendered
