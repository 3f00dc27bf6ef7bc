"""Voice messages as a call sees them. Reading them never stops a call: the database may be slow, or away."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from engine.recordings.greetings import GreetingProblem
from engine.recordings.mailbox import MailboxAway, StoredMessage

__all__ = [
    "GreetingProblem",
    "Greetings",
    "MailboxAway",
    "Mailboxes",
    "NoGreetings",
    "NoMailboxes",
    "StoredMessage",
]


class Mailboxes(Protocol):
    """What `engine.recordings.live_mailboxes` does."""

    async def messages(self, tenant: str, mailbox: str) -> Sequence[StoredMessage]:
        """Those that can be heard, the oldest first. Raises `MailboxAway`."""

    def sound(self, message: StoredMessage) -> AbstractAsyncContextManager[str]:
        """Its media URI, good within. Raises `MailboxAway` where its file cannot be had."""

    def mark_heard(self, message: StoredMessage, at: int) -> None:
        """It was heard at that instant, UTC milliseconds. Done soon; the journal has it too."""

    def delete(self, message: StoredMessage, by: str) -> None:
        """Delete it, by this extension. Done soon; the journal has it too."""


class Greetings(Protocol):
    """What users recorded for those who leave them messages: `engine.recordings.greetings` does it."""

    def of(self, tenant: str, mailbox: str) -> str | None:
        """The media URI of the user's own greeting, None where he has none."""

    async def make(self, tenant: str, mailbox: str, recording: str) -> str:
        """Of what the switch recorded, for its user to hear; its media URI. Raises `GreetingProblem`."""

    async def keep(self, tenant: str, mailbox: str) -> None:
        """Callers hear the new one from now on. Raises `GreetingProblem`."""

    async def remove(self, tenant: str, mailbox: str) -> None:
        """Callers hear the usual greeting again. Raises `GreetingProblem`."""


class NoGreetings:
    """Nobody has a greeting of his own."""

    def of(self, tenant: str, mailbox: str) -> str | None:
        return None

    async def make(self, tenant: str, mailbox: str, recording: str) -> str:
        raise GreetingProblem("greetings cannot be kept here")

    async def keep(self, tenant: str, mailbox: str) -> None:
        raise GreetingProblem("greetings cannot be kept here")

    async def remove(self, tenant: str, mailbox: str) -> None:
        raise GreetingProblem("greetings cannot be kept here")


class NoMailboxes:
    """Where there is no database."""

    async def messages(self, tenant: str, mailbox: str) -> Sequence[StoredMessage]:
        raise MailboxAway("there are no mailboxes here")

    def sound(self, message: StoredMessage) -> AbstractAsyncContextManager[str]:
        raise MailboxAway("there are no mailboxes here")

    def mark_heard(self, message: StoredMessage, at: int) -> None:
        """Nothing to be marked."""

    def delete(self, message: StoredMessage, by: str) -> None:
        """Nothing to be deleted."""
