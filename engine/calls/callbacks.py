"""What calls and steps know of callbacks; the desk that keeps them is `engine.queues.callback`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.calls.outgoing import explained, refusal
from engine.calls.queueing import NO_WANTS, Place, Wants
from engine.directory.numbering import Dialled

if TYPE_CHECKING:
    from engine.calls.lines import Lines
    from engine.directory.directory import Tenant
    from engine.journal.callback_events import CallbackSource


# Set in the call when he who was rung back has pressed 1, or did not have to.
CONFIRMED = "callback.confirmed"
# Set in the call that rings somebody back: what telephones of ours show of him.
SHOWN_NAME = "callback.name"
LONGEST_SHOWN = 80


def never_rung(lines: Lines, tenant: Tenant, number: str) -> str:
    """Why the company cannot call this number back, as far as its `outgoing` says; "" where it can."""
    if tenant.outgoing is None:
        return ""
    why = refusal(lines, tenant, Dialled("outside", number))
    return explained(why, tenant, number) if why is not None and why.forbidden else ""


class NotOrdered(Exception):
    """Nobody will be rung back; the message says why, for people."""


@dataclass(frozen=True)
class OrderWish:
    """Who is to be rung back. Times are UTC milliseconds, 0: now.

    `since` is since when he has waited; `shown` the own number that he sees, "": the tenant's usual one;
    `user` the one person who is to ring him; `wants` are those of his place in the queue;
    `key` makes the same wish twice one order.
    """

    number: str
    queue: str = ""
    name: str = ""
    topic: str = ""
    since: int = 0
    not_before: int = 0
    source: CallbackSource = "call"
    from_call: str = ""
    shown: str = ""
    user: str = ""
    wants: Wants = NO_WANTS
    key: str = ""
    language: str = ""


@dataclass(frozen=True)
class Ordered:
    """An order that was taken. `position` and `expected_wait_s` where he is in line already, else None.

    `not_before`, UTC ms: he may not be rung earlier, by the hours of his region or by his own wish; 0: now.
    `again`: there was one for the same number already, which this is.
    """

    id: str
    not_before: int = 0
    position: int | None = None
    expected_wait_s: float | None = None
    again: bool = False
    zone: str = ""


@dataclass(frozen=True)
class Briefing:
    """What a call that was placed for an order has to do."""

    number: str
    name: str
    topic: str
    queue: str
    shown: str
    first: str  # operator | caller
    confirm: bool
    ring_s: float
    operator_ring_s: float
    longest_wait_s: float


def shown_name(briefing: Briefing) -> str:
    """What the telephone of whoever rings back shows beside the number: who it is, and what it is about."""
    parts = (" ".join(text.split()) for text in (briefing.name, briefing.topic))
    line = ": ".join(part for part in parts if part)
    return "".join(letter for letter in line if letter.isprintable())[:LONGEST_SHOWN]


class Callbacks(Protocol):
    """All orders of all tenants."""

    def order(self, tenant: Tenant, wish: OrderWish) -> Ordered:
        """Take an order, which is in the journal when this returns. Raises `NotOrdered`."""

    def briefing(self, order_id: str) -> Briefing | None:
        """None for one that is not open any more."""

    def place(self, order_id: str, wake: Callable[[], None]) -> Place | None:
        """The place of the order whose caller is on the line; `wake` as in `Queues.enter`."""

    def place_since(self, tenant: Tenant, queue: str, number: str, since: int) -> int:
        """Since when somebody waits who calls again while his callback is open: `since` for all others."""


class NoCallbacks:
    """Where nobody is rung back: an order is only noted."""

    def order(self, tenant: Tenant, wish: OrderWish) -> Ordered:
        return Ordered("")

    def briefing(self, order_id: str) -> Briefing | None:
        return None

    def place(self, order_id: str, wake: Callable[[], None]) -> Place | None:
        return None

    def place_since(self, tenant: Tenant, queue: str, number: str, since: int) -> int:
        return since
