"""Events of talks that were cut off: each that is to be taken up again is a stream of its own."""

from typing import Literal

from engine.journal.base import JournalEvent, StreamBegan, StreamEnded

# `rung`: somebody's telephone was. `again`: the caller has called by himself meanwhile.
RingBackEnd = Literal["rung", "again", "too_late", "not_possible"]


class RingBackWanted(StreamBegan, frozen=True, tag="ring_back.wanted"):
    """The network cut the call off; written before the call's end. `lost_at`: the talk's end, UTC ms."""

    call: str
    tenant: str
    number: str  # the caller's
    operator: str  # the extension of whoever talked with him
    lost_at: int
    operator_lost: bool = False  # it was the operator's telephone that went
    dialled: str = ""  # the own number that he had called
    name: str = ""
    ticket: str = ""


class RingBackPlaced(JournalEvent, frozen=True, tag="ring_back.placed"):
    """By this call it is taken up again. Nothing is rung before this is durable."""

    call: str


class RingBackOver(StreamEnded, frozen=True, tag="ring_back.over"):
    """Nobody is rung for it any more."""

    why: RingBackEnd


RingBackEvent = RingBackWanted | RingBackPlaced | RingBackOver
