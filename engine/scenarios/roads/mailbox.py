"""`@mailbox/EXTENSION`: a user listens to the voice messages that were left for him (F19).

A call that is adopted after a restart begins with it anew; what was heard or deleted stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal
from zoneinfo import ZoneInfo

from engine.calls.errors import PromptFailed, Redirected
from engine.calls.mailboxes import MailboxAway, StoredMessage
from engine.directory.fields import Extension
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.journal.recording_events import MessageDeleted, MessageHeard
from engine.scenarios.model import APOLOGY, DIALLED, Exit, StepModel
from engine.scenarios.roads.greeting import GREETING_NAMES, record_greeting

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

AGAIN, NEXT, DELETE, CALL_BACK, BACK, GREETING, SKIP, HELP = "1", "2", "3", "5", "7", "0", "#", "*"
PATIENCE_S = 5.0
# So often he is asked without an answer before his call ends.
ASKED = 3

_NEW = {
    "ru": ("новое сообщение", "новых сообщения", "новых сообщений"),
    "en": ("new message", "new messages"),
}
_OLD = {
    "ru": ("прослушанное сообщение", "прослушанных сообщения", "прослушанных сообщений"),
    "en": ("old message", "old messages"),
}
_NAMES = (
    "mailbox-away",
    "mailbox-empty",
    "mailbox-you-have",
    "mailbox-and",
    "mailbox-new-message",
    "mailbox-old-message",
    "mailbox-from",
    "mailbox-withheld",
    "mailbox-today",
    "mailbox-yesterday",
    "mailbox-help",
    "mailbox-deleted",
    "mailbox-unplayable",
    "mailbox-no-number",
    "mailbox-no-more",
    "mailbox-goodbye",
)
_NUMBER = SayPrompt(say="phone", value="{message.number}")
_DATE = SayPrompt(say="date", value="{message.date}", case="genitive")
_TIME = SayPrompt(say="time", value="{message.time}")


def mailbox_prompts(language: str) -> tuple[Prompt, ...]:
    """All that is said in a mailbox, to be made before anybody calls it."""
    return (
        *_NAMES,
        *GREETING_NAMES,
        _count(_NEW, "new", language),
        _count(_OLD, "old", language),
        _NUMBER,
        _DATE,
        _TIME,
    )


class MailboxRoad(StepModel):
    """His messages one after another, the new ones first; keys repeat, skip, delete them and call back."""

    error_road: ClassVar[str] = APOLOGY

    type: Literal["mailbox"] = "mailbox"
    mailbox: Extension

    def exits(self) -> list[Exit]:
        return [Exit("done", None)]

    async def run(self, call: Conversation) -> str:
        await call.answer()
        call.forget_digits()
        work = call.outside.mailboxes.messages(call.tenant.name, self.mailbox)
        try:
            messages = await call.wait_for(work)
        except MailboxAway as error:
            call.log.error("mailbox.away", mailbox=self.mailbox, cause=str(error))
            await call.play("mailbox-away")
            return "done"
        await _Listening(call, self.mailbox, messages).run()
        return "done"


class _Listening:
    """One caller in his mailbox."""

    def __init__(self, call: Conversation, mailbox: str, messages: Sequence[StoredMessage]) -> None:
        self._call = call
        self._mailbox = mailbox
        self._new = {one.message for one in messages if one.heard_at is None}
        self._messages = sorted(messages, key=lambda one: (one.heard_at is not None, one.left_at))

    async def run(self) -> None:
        """Until he is through with them, or keys nothing any more."""
        await self._tell_how_many()
        at = 0
        while True:
            if at >= len(self._messages):
                key = await self._at_the_end()
                if key is None:
                    break
                if key == GREETING:
                    await record_greeting(self._call, self._mailbox)
                    continue
                at = 0 if key == AGAIN else at - 1
            key = await self._message(self._messages[at])
            if key is None:
                break
            at += await self._do(key, at)
        await self._call.play("mailbox-goodbye")

    async def _tell_how_many(self) -> None:
        """A key goes on to the first message, whichever it is: it is not about one."""
        call, new = self._call, len(self._new)
        old = len(self._messages) - new
        call.set_variable("mailbox.new", new)
        call.set_variable("mailbox.old", old)
        if not self._messages:
            return
        told: list[Prompt] = [_count(_NEW, "new", call.language)] if new else []
        told += ["mailbox-and"] if new and old else []
        told += [_count(_OLD, "old", call.language)] if old else []
        await call.play("mailbox-you-have", *told, barge_in=True)

    async def _at_the_end(self) -> str | None:
        if self._messages:
            return await self._ask("mailbox-no-more", None, {AGAIN, BACK, GREETING})
        return await self._ask("mailbox-empty", None, {GREETING}, times=1)

    async def _message(self, message: StoredMessage) -> str | None:
        """Play a message and ask what is to be done with it; None where he says nothing."""
        key = await self._introduce(message) or await self._play(message)
        return await self._ask("mailbox-help", key, {AGAIN, NEXT, SKIP, DELETE, CALL_BACK, BACK, GREETING})

    async def _introduce(self, message: StoredMessage) -> str | None:
        call = self._call
        left = datetime.fromtimestamp(message.left_at / 1000, ZoneInfo(call.tenant.timezone))
        call.set_variable("message.number", message.caller)
        call.set_variable("message.date", left.strftime("%Y-%m-%d"))
        call.set_variable("message.time", left.strftime("%H:%M"))
        known = any(char.isdecimal() for char in message.caller)
        return await call.play(
            "mailbox-new-message" if message.message in self._new else "mailbox-old-message",
            *(("mailbox-from", _NUMBER) if known else ("mailbox-withheld",)),
            self._day(left),
            _TIME,
            barge_in=True,
        )

    def _day(self, left: datetime) -> Prompt:
        today = datetime.fromtimestamp(self._call.now() / 1000, UTC).astimezone(left.tzinfo).date()
        days = {today: "mailbox-today", today - timedelta(days=1): "mailbox-yesterday"}
        return days.get(left.date(), _DATE)

    async def _play(self, message: StoredMessage) -> str | None:
        call, begun = self._call, None
        try:
            async with call.outside.mailboxes.sound(message) as media:
                begun = call.seconds()
                return await call.play_media([media], barge_in=True)
        except (MailboxAway, PromptFailed) as error:
            call.log.error("mailbox.not_played", message=message.message, cause=str(error))
            begun = None
            return await call.play("mailbox-unplayable", barge_in=True)
        finally:
            # Also of one who hangs up. Half of it is enough to know what it is about.
            if begun is not None and call.seconds() - begun >= message.duration_ms / 2000:
                self._heard(message)

    def _heard(self, message: StoredMessage) -> None:
        if message.message in self._new:
            self._new.discard(message.message)
            self._call.journal(MessageHeard(message.message))
            self._call.outside.mailboxes.mark_heard(message, self._call.now())

    async def _ask(self, prompt: str, key: str | None, keys: set[str], times: int = ASKED) -> str | None:
        """The next of these keys; None where he keys none though he is asked again."""
        call = self._call
        for _ in range(times):
            while key is not None and key not in keys and key != HELP:
                key = await call.read_digit(PATIENCE_S)
            if key in keys:
                return key
            key = await call.play(prompt, barge_in=True) or await call.read_digit(PATIENCE_S)
        return key if key in keys else None

    async def _do(self, key: str, at: int) -> int:
        """How far to go on from the message `at`."""
        message = self._messages[at]
        if key == DELETE:
            self._call.journal(MessageDeleted(message.message, self._mailbox))
            self._call.outside.mailboxes.delete(message, self._mailbox)
            del self._messages[at]
            await self._call.play("mailbox-deleted")
            return 0
        if key == CALL_BACK:
            await self._call_back(message)
            return 0
        if key == GREETING:
            await record_greeting(self._call, self._mailbox)
            return 0
        return {AGAIN: 0, BACK: -1 if at else 0}.get(key, 1)

    async def _call_back(self, message: StoredMessage) -> None:
        if any(char.isdecimal() for char in message.caller):
            raise Redirected(f"{DIALLED}/{message.caller}")
        await self._call.play("mailbox-no-number")
        return


def _count(nouns: dict[str, tuple[str, ...]], kind: str, language: str) -> SayPrompt:
    noun = nouns.get(language, nouns["en"])
    return SayPrompt(say="number", value=f"{{mailbox.{kind}}}", noun=noun, gender="neuter")
