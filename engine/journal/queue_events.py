"""Events: waiting for somebody who is free, and being rung back."""

from engine.journal.base import JournalEvent


class QueueEntered(JournalEvent, frozen=True, tag="queue.entered"):
    """The caller began to wait for the next free person, and what he brought, so that a restart keeps it.

    `skills` are needed of whoever serves him, "english:3 billing:1"; `first` are extensions, "102 105".
    """

    queue: str
    priority: int | None = None
    skills: str = ""
    first: str = ""
    first_s: float = 0.0


class CallbackOrdered(JournalEvent, frozen=True, tag="callback.ordered"):
    """The caller asked to be rung back on `number`."""

    number: str
    queue: str = ""


QueueEvent = QueueEntered | CallbackOrdered
