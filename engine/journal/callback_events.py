"""Events of callbacks: each order to be rung back is a stream of its own."""

from typing import Literal

from engine.journal.base import JournalEvent, StreamBegan, StreamEnded

CallbackSource = Literal["call", "automatic", "api", "booking"]
# What came of a try. The first ones count as one: his telephone was rung, or could not be.
CallbackResult = Literal[
    "talked",
    "busy",
    "no_answer",
    "unavailable",
    "failed",
    "not_confirmed",  # he did not press 1, or his voicemail did not
    "abandoned",  # he pressed it, and left before somebody came
    "no_operator",  # rung first, he did not answer
    "operator_left",  # he hung up before the caller was rung
    "interrupted",  # the engine died before anybody was rung
]
CallbackEnd = Literal[
    "talked", "not_reached", "no_operator", "cancelled", "called_again", "too_old", "not_permitted"
]


class CallbackOpened(StreamBegan, frozen=True, tag="callback.opened"):
    """Somebody is to be rung back. `since`, `priority`, … are those of his place in the queue. UTC ms."""

    tenant: str
    number: str
    queue: str = ""  # "" for a booked time, and where somebody has to do it by hand
    name: str = ""
    topic: str = ""
    since: int = 0
    not_before: int = 0
    source: CallbackSource = "call"
    from_call: str = ""
    shown: str = ""  # the own number that he sees
    user: str = ""  # the one person who is to ring him
    priority: int | None = None  # this, and what follows, as in `QueueEntered`
    skills: str = ""
    people: str = ""
    people_s: float = 0.0
    key: str = ""  # of whoever ordered it: the same again is the same order
    language: str = ""


class CallbackTried(JournalEvent, frozen=True, tag="callback.tried"):
    """It is his turn: this call is placed. Nothing is rung before this is durable."""

    call: str
    users: str = ""  # extensions of whom he is to talk with, by commas


class CallbackAttempted(JournalEvent, frozen=True, tag="callback.attempted"):
    """What came of it. `next_at`: when it is tried again, at the earliest, UTC ms."""

    call: str
    result: CallbackResult
    operator: str = ""
    next_at: int = 0


class CallbackPutOff(JournalEvent, frozen=True, tag="callback.put_off"):
    """He is to be rung at another time, UTC ms, 0: at once; by this one user, where one is named."""

    not_before: int
    user: str = ""
    by: str = ""


class CallbackClosed(StreamEnded, frozen=True, tag="callback.closed"):
    """`by`: who cancelled it."""

    why: CallbackEnd
    by: str = ""


CallbackEvent = CallbackOpened | CallbackTried | CallbackAttempted | CallbackPutOff | CallbackClosed
