"""What callers leave: messages, marks, tickets, orders to be rung back (F19, F33, F36, F38), on the scripted
switch.
"""

import pytest

from engine.journal.client_events import SurveyAnswered, SurveyCommentAsked, TaskWanted, TicketOpened
from engine.journal.events import CallStarted, Entry
from engine.journal.queue_events import CallbackOrdered
from engine.journal.recording_events import MessageDropped, MessageLeft, MessageStarted
from engine.records.derive import derive_call
from engine.records.marks import mark_rows
from engine.records.model import CallRecord
from engine.records.tasks.messages import asked_before
from engine.records.tickets import is_ticket
from tests.fake_switch.callers import Caller
from tests.scenarios.on_switch import BOB, DESK, EVE, EVE_WEB, TENANT, Stage, failures, variables, way
from tests.virtual_time import run

VOICEMAIL = """\
start: message
steps:
  message: {type: voicemail, mailbox: "102", max_length: 60s, silence: 4s, next: thanks, on_empty: nothing}
  thanks: {type: hangup, prompt: thanks}
  nothing: {type: hangup, prompt: nothing-said}
"""


def record_of(entries: list[Entry]) -> CallRecord:
    record = derive_call(entries)
    assert record is not None
    return record


def disposition(entries: list[Entry]) -> str:
    return record_of(entries).disposition


def kinds(entries: list[Entry]) -> list[str]:
    wanted = (MessageStarted, MessageLeft, MessageDropped)
    return [type(entry.event).__name__ for entry in entries if isinstance(entry.event, wanted)]


async def recorded(stage: Stage, caller: Caller) -> None:
    """After the greeting and the beep."""
    await stage.hears(caller, "sound:leave-message")
    await stage.hears(caller, "sound:beep")
    await stage.until(lambda: caller.channel.recording is not None)


def test_f19_a_message_ended_by_hash() -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL) as stage:
            caller = stage.call()
            await recorded(stage, caller)
            await stage.passes(10)
            caller.press("#")
            await stage.hears(caller, "sound:thanks")
            entries = await stage.ended(caller)
            assert way(entries) == ["message next", "thanks end"]
            assert kinds(entries) == ["MessageStarted", "MessageLeft"]
            assert disposition(entries) == "voicemail"

    run(scene())


@pytest.mark.parametrize(
    ("talks_for_s", "taken", "found"),
    [
        (10.0, "message next", "voicemail"),
        (1.0, "message on_empty", "answered"),
        (0.0, "message on_empty", "answered"),
    ],
)
def test_f19_silence_ends_a_message_and_one_without_words_is_none(
    talks_for_s: float, taken: str, found: str
) -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL) as stage:
            caller = stage.call()
            caller.channel.talks_for_s = talks_for_s
            entries = await stage.ended(caller)
            assert way(entries)[0] == taken
            assert disposition(entries) == found

    run(scene())


def test_f19_the_limit_ends_a_message() -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL) as stage:
            caller = stage.call()
            await recorded(stage, caller)
            assert 55 < await stage.hears(caller, "sound:thanks") < 62
            assert way(await stage.ended(caller))[0] == "message next"

    run(scene())


@pytest.mark.parametrize(("seconds", "found"), [(6, "voicemail"), (1, "missed")])
def test_f19_what_was_said_before_hanging_up_is_kept(seconds: float, found: str) -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL) as stage:
            caller = stage.call()
            await recorded(stage, caller)
            await stage.passes(seconds)
            caller.hang_up()
            entries = await stage.ended(caller)
            assert disposition(entries) == found
            assert kinds(entries)[1:] == (["MessageLeft"] if found == "voicemail" else ["MessageDropped"])

    run(scene())


COLLEAGUES = TENANT + "voicemail: {colleagues: true}\n"


@pytest.mark.parametrize("killed", [False, True], ids=["engine stays", "engine killed"])
def test_f19_a_colleague_who_reaches_nobody_leaves_a_message(killed: bool) -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL, COLLEAGUES) as stage:
            stage.switch.phone(BOB).busy()
            colleague = stage.switch.from_user(DESK, "102")
            await recorded(stage, colleague)
            await stage.passes(5)
            if killed:
                await stage.restart_engine()
                await stage.passes(5)
            colleague.press("#")
            entries = await stage.ended(colleague)
            assert [one.removesuffix(" next") for one in way(entries)][-1] == "@message/102"
            assert kinds(entries) == ["MessageStarted", "MessageLeft"]
            assert disposition(entries) == "voicemail"
            assert record_of(entries).caller == "101"

    run(scene())


@pytest.mark.parametrize("tenant", [TENANT, COLLEAGUES])
def test_f19_a_call_that_was_passed_on_is_no_colleagues_message(tenant: str) -> None:
    """It goes back to whoever passed it on; and where nothing is said of it, nobody leaves any."""

    async def scene() -> None:
        async with Stage(VOICEMAIL, tenant) as stage:
            stage.switch.phone(BOB).answers(1).presses(2, "##103#")
            stage.switch.phone(EVE).busy()
            stage.switch.phone(EVE_WEB).busy()
            colleague = stage.switch.from_user(DESK, "102")
            await stage.until(lambda: stage.switch.phone(BOB).invited == 2)
            await stage.until(lambda: colleague.talks_with(stage.switch.phone(BOB).line))
            colleague.hang_up()
            assert not kinds(await stage.ended(colleague))
            stage.switch.phone(DESK).busy()
            himself = stage.switch.from_user(DESK, "101")
            assert not kinds(await stage.ended(himself))
            if tenant == TENANT:
                stage.switch.phone(BOB).busy()
                refused = stage.switch.from_user(DESK, "102")
                entries = await stage.ended(refused)
                assert (kinds(entries), disposition(entries)) == ([], "busy")

    run(scene())


def test_hanging_up_during_the_greeting_leaves_nothing() -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:leave-message")
            caller.hang_up()
            entries = await stage.ended(caller)
            assert kinds(entries) == []
            assert disposition(entries) == "missed"

    run(scene())


@pytest.mark.parametrize("while_away", ["speaks", "ends", "hangs up"])
def test_f45_an_engine_killed_while_a_message_is_spoken_loses_none(while_away: str) -> None:
    async def scene() -> None:
        async with Stage(VOICEMAIL) as stage:
            caller = stage.call()
            await recorded(stage, caller)
            await stage.passes(5)
            await stage.stop_engine()
            await stage.passes(3)
            if while_away == "ends":
                caller.press("#")
            elif while_away == "hangs up":
                caller.hang_up()
            await stage.start_engine()
            if while_away == "speaks":
                await stage.passes(3)
                assert caller.channel.recording is not None
                assert caller.hears == "silence"  # no greeting and no beep into his words
                caller.press("#")
            entries = await stage.ended(caller)
            record = record_of(entries)
            assert (record.disposition, record.hangup_cause) == ("voicemail", 16)
            if while_away != "hangs up":
                assert kinds(entries) == ["MessageStarted", "MessageLeft"]
                assert way(entries)[-2:] == ["message next", "thanks end"]

    run(scene())


SURVEY = """\
start: rate
steps:
  rate:
    type: survey
    timeout: 4s
    questions:
      - {name: politeness, prompt: polite}
      - {name: overall, prompt: overall}
    next: bye
  bye: {type: hangup}
"""


MENU = "  menu: {type: menu, prompt: choose, attempts: 1, keys: {'#': rate}, on_timeout: bye}\n"


def marks(entries: list[Entry]) -> dict[str, int]:
    return {e.event.question: e.event.mark for e in entries if isinstance(e.event, SurveyAnswered)}


def rating(entries: list[Entry]) -> int | None:
    record = derive_call(entries)
    assert record is not None
    return record.rating


def test_f38_marks_are_given_by_one_key_each() -> None:
    async def scene() -> None:
        async with Stage(SURVEY) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:polite")
            caller.press("4")
            await stage.hears(caller, "sound:overall")
            caller.press("9")
            await stage.hears(caller, "sound:wrong-mark")
            caller.press("5")
            await stage.hears(caller, "sound:thanks-for-rating")
            entries = await stage.ended(caller)
            assert marks(entries) == {"politeness": 4, "overall": 5}
            assert rating(entries) == 5
            assert way(entries) == ["rate next", "bye end"]

    run(scene())


def test_f38_a_hash_behind_a_mark_is_no_answer_to_the_next_question() -> None:
    async def scene() -> None:
        async with Stage(SURVEY.replace("next: bye", "attempts: 1\n    next: menu") + MENU) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:polite")
            caller.press("4")
            await stage.passes(0.3)
            caller.press("#")
            await stage.passes(0.3)
            assert caller.hears_media == "sound:overall"
            caller.press("9")  # wrong all the same, and there is one attempt
            await stage.passes(0.3)
            caller.press("#")
            await stage.passes(1)
            entries = await stage.ended(caller)
            assert marks(entries) == {"politeness": 4}
            assert way(entries) == ["rate next", "menu on_timeout", "bye end"]

    run(scene())


def test_f38_a_caller_who_hangs_up_keeps_the_marks_given_and_silence_is_none() -> None:
    async def scene() -> None:
        async with Stage(SURVEY) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:polite")
            caller.press("3")
            await stage.hears(caller, "sound:overall")
            caller.hang_up()
            entries = await stage.ended(caller)
            assert (marks(entries), rating(entries)) == ({"politeness": 3}, 3)
        async with Stage(SURVEY) as stage:
            entries = await stage.ended(stage.call())
            assert (marks(entries), rating(entries), way(entries)[0]) == ({}, None, "rate next")

    run(scene())


COMMENTED = SURVEY.replace("    next: bye", "    comment: {below: 3, longest: 30s}\n    next: bye")


def commented(entries: list[Entry]) -> list[str]:
    wanted = (SurveyAnswered, SurveyCommentAsked, MessageStarted, MessageLeft, MessageDropped)
    return [type(entry.event).__name__ for entry in entries if isinstance(entry.event, wanted)]


async def gives(stage: Stage, caller: Caller, polite: str, overall: str) -> None:
    await stage.hears(caller, "sound:polite")
    caller.press(polite)
    await stage.hears(caller, "sound:overall")
    caller.press(overall)


def test_f38_after_a_low_mark_he_says_what_was_wrong() -> None:
    async def scene() -> None:
        async with Stage(COMMENTED) as stage:
            caller = stage.call()
            await gives(stage, caller, "2", "4")
            await stage.hears(caller, "sound:comment-on-mark")
            await stage.hears(caller, "sound:beep")
            await stage.passes(8)
            caller.press("#")
            await stage.hears(caller, "sound:thanks-for-rating")
            entries = await stage.ended(caller)
            assert commented(entries) == [
                "SurveyAnswered", "SurveyAnswered", "SurveyCommentAsked", "MessageStarted", "MessageLeft",
            ]  # fmt: skip
            lows = [e.event.low for e in entries if isinstance(e.event, SurveyAnswered)]
            assert lows == [True, False]
            started = next(e.event for e in entries if isinstance(e.event, CallStarted))
            rows = mark_rows(entries, started)
            message = f"{entries[0].call_id}.message.1"
            assert [(row["question"], row["comment"]) for row in rows] == [
                ("politeness", message), ("overall", None),
            ]  # fmt: skip
            assert disposition(entries) == "answered"  # a comment is no voice message

    run(scene())


def test_f38_good_marks_bring_no_question_more() -> None:
    async def scene() -> None:
        async with Stage(COMMENTED) as stage:
            caller = stage.call()
            await gives(stage, caller, "3", "5")
            await stage.hears(caller, "sound:thanks-for-rating")
            entries = await stage.ended(caller)
            assert commented(entries) == ["SurveyAnswered", "SurveyAnswered"]

    run(scene())


def test_f38_who_hangs_up_in_the_middle_of_his_comment_has_said_it() -> None:
    async def scene() -> None:
        async with Stage(COMMENTED) as stage:
            caller = stage.call()
            await gives(stage, caller, "1", "1")
            await stage.hears(caller, "sound:comment-on-mark")
            await stage.hears(caller, "sound:beep")
            await stage.passes(5)
            caller.hang_up()
            entries = await stage.ended(caller)
            assert commented(entries)[-2:] == ["MessageStarted", "MessageLeft"]
            assert marks(entries) == {"politeness": 1, "overall": 1}

    run(scene())


@pytest.mark.parametrize("moment", ["prompt", "speaking", "after"])
def test_f45_an_engine_killed_around_a_comment_asks_for_it_once(moment: str) -> None:
    async def scene() -> None:
        async with Stage(COMMENTED) as stage:
            caller = stage.call()
            await gives(stage, caller, "1", "4")
            await stage.hears(caller, "sound:comment-on-mark")
            if moment != "prompt":
                await stage.hears(caller, "sound:beep")
                await stage.passes(4)
            if moment == "after":
                caller.press("#")
                await stage.hears(caller, "sound:thanks-for-rating")
            await stage.stop_engine()
            await stage.passes(1)
            await stage.start_engine()
            if moment == "prompt":
                await stage.hears(caller, "sound:comment-on-mark")
                await stage.hears(caller, "sound:beep")
                await stage.passes(4)
            if moment != "after":
                caller.press("#")
            await stage.hears(caller, "sound:thanks-for-rating")
            entries = await stage.ended(caller)
            assert commented(entries) == [
                "SurveyAnswered", "SurveyAnswered", "SurveyCommentAsked", "MessageStarted", "MessageLeft",
            ]  # fmt: skip
            assert marks(entries) == {"politeness": 1, "overall": 4}

    run(scene())


def test_f37_steps_say_that_a_ticket_or_message_is_a_task() -> None:
    async def scene() -> None:
        steps = """\
start: ticket
steps:
  ticket: {type: ticket, task: 2, next: message}
  message: {type: voicemail, mailbox: "102", task: 1}
"""
        async with Stage(steps) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:leave-message")
            await stage.hears(caller, "sound:beep")
            await stage.passes(5)
            caller.press("#")
            entries = await stage.ended(caller)
            wanted = [entry.event for entry in entries if isinstance(entry.event, TaskWanted)]
            ticket = str(variables(entries)["ticket"])
            assert wanted == [TaskWanted(2, ticket), TaskWanted(1)]
            message = f"{entries[0].call_id}.message.1"
            assert asked_before(entries, message) == [TaskWanted(1)]

    run(scene())


def test_f38_a_second_talk_is_rated_again() -> None:
    async def scene() -> None:
        twice = SURVEY.replace("next: bye", "next: again") + (
            "  again: {type: menu, prompt: choose, keys: {1: rate}, attempts: 1, on_timeout: bye}\n"
        )
        async with Stage(twice) as stage:
            caller = stage.call()
            for polite, overall in ("45", "21"):
                await stage.hears(caller, "sound:polite")
                caller.press(polite)
                await stage.hears(caller, "sound:overall")
                caller.press(overall)
                await stage.hears(caller, "sound:choose")
                caller.press("1") if polite == "4" else None
            entries = await stage.ended(caller)
            given = [e.event for e in entries if isinstance(e.event, SurveyAnswered)]
            assert [one.mark for one in given] == [4, 5, 2, 1]
            assert len({one.visit for one in given}) == 2
            assert rating(entries) == 1

    run(scene())


def test_f45_a_question_that_was_answered_is_not_asked_again_after_a_restart() -> None:
    async def scene() -> None:
        async with Stage(SURVEY) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:polite")
            caller.press("4")
            await stage.hears(caller, "sound:overall")
            await stage.restart_engine()
            await stage.hears(caller, "sound:overall")
            caller.press("2")
            entries = await stage.ended(caller)
            assert marks(entries) == {"politeness": 4, "overall": 2}

    run(scene())


CALLBACK = """\
start: order
steps:
  order: {{type: callback, {more} next: bye, on_refused: sorry}}
  bye: {{type: hangup}}
  sorry: {{type: hangup, prompt: no-number}}
"""


def ordered(entries: list[Entry]) -> list[str]:
    return [entry.event.number for entry in entries if isinstance(entry.event, CallbackOrdered)]


def test_f36_a_callback_to_the_callers_own_number() -> None:
    async def scene() -> None:
        async with Stage(CALLBACK.format(more="")) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:callback-ordered")
            entries = await stage.ended(caller)
            assert ordered(entries) == ["+79031112233"]
            assert disposition(entries) == "callback"
        async with Stage(CALLBACK.format(more="")) as stage:
            caller = stage.call("anonymous")
            await stage.hears(caller, "sound:callback-enter")  # there is no number to ring
            entries = await stage.ended(caller)
            assert (ordered(entries), way(entries)[0]) == ([], "order on_refused")

    run(scene())


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [
        (["1"], ["+79031112233"]),
        (["2", "84957654321#", "1"], ["+74957654321"]),
        (["2", "12#", "84957654321#", "1"], ["+74957654321"]),
        (["2", "84957654321", "1"], ["+74957654321"]),
        (["2"], []),
    ],
)
def test_f36_the_number_is_confirmed_or_another_one_keyed_in(keys: list[str], numbers: list[str]) -> None:
    async def scene() -> None:
        async with Stage(CALLBACK.format(more="ask: true, ")) as stage:
            caller = stage.call()
            heard = "sound:callback-number"
            for part in keys:
                await stage.hears(caller, heard)
                for digit in part:
                    caller.press(digit)
                await stage.passes(0.1)
                entering = part in ("2", "12#")
                heard = "sound:callback-enter" if entering else "sound:callback-number"
            entries = await stage.ended(caller)
            assert ordered(entries) == numbers
            assert way(entries)[0] == ("order next" if numbers else "order on_refused")

    run(scene())


def test_f33_a_ticket_is_said_and_kept_over_a_restart() -> None:
    async def scene() -> None:
        steps = """\
start: open
steps:
  open: {type: ticket, subject: "from {caller.number}", next: bye}
  bye: {type: hangup}
"""
        async with Stage(steps) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:ticket-number")
            await stage.restart_engine()
            await stage.hears(caller, "sound:ticket-number")
            entries = await stage.ended(caller)
            opened = [entry.event for entry in entries if isinstance(entry.event, TicketOpened)]
            assert [one.subject for one in opened] == ["from +79031112233"]
            assert is_ticket(opened[0].ticket)
            record = derive_call(entries)
            assert record is not None
            assert record.ticket == opened[0].ticket

    run(scene())


def test_a_language_stays_over_a_restart() -> None:
    async def scene() -> None:
        steps = """\
start: english
steps:
  english: {type: language, language: en, next: hello}
  hello: {type: play, prompt: welcome, next: bye}
  bye: {type: hangup}
"""
        async with Stage(steps) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:welcome")
            assert stage.media.languages == {"en"}
            await stage.restart_engine()
            await stage.hears(caller, "sound:welcome")
            entries = await stage.ended(caller)
            assert stage.media.languages == {"en"}
            assert (failures(entries), variables(entries)) == ([], {"language": "en"})

    run(scene())
