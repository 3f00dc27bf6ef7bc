"""An order to be rung back, read from its events. Pure: the same events always give the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.journal.callback_events import (
    CallbackAttempted,
    CallbackClosed,
    CallbackEnd,
    CallbackOpened,
    CallbackPutOff,
    CallbackResult,
    CallbackTried,
)
from engine.journal.events import Entry

# In the ids of orders: `CELL-SECONDS.callback.N`.
CALLBACK_MARK = ".callback."
# Results after which his number counts as rung.
COUNTED: frozenset[CallbackResult] = frozenset(
    {"talked", "busy", "no_answer", "unavailable", "failed", "not_confirmed", "abandoned"}
)
# Results after which his number was not rung, for want of somebody to talk with him.
NOT_TAKEN: frozenset[CallbackResult] = frozenset({"no_operator", "operator_left"})


@dataclass
class Attempt:
    """One try. Times are UTC milliseconds; `result` is None while it is under way."""

    call_id: str
    users: tuple[str, ...]
    started_at: int
    ended_at: int | None = None
    result: CallbackResult | None = None
    operator: str = ""


@dataclass
class Order:
    """What is known of an order. Times are UTC milliseconds."""

    id: str
    opened: CallbackOpened
    opened_at: int
    not_before: int
    user: str = ""  # the one person who is to ring him; "": whoever the queue offers
    attempts: list[Attempt] = field(default_factory=list)
    closed: CallbackEnd | None = None
    closed_at: int | None = None
    closed_by: str = ""

    @property
    def under_way(self) -> Attempt | None:
        """The try whose end is not known yet."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.result is None else None

    @property
    def counted(self) -> int:
        """How often his number has been rung."""
        return sum(attempt.result in COUNTED for attempt in self.attempts)

    def attempt(self, call_id: str) -> Attempt | None:
        return next((one for one in reversed(self.attempts) if one.call_id == call_id), None)

    def apply(self, entry: Entry) -> None:
        """Take the next event in; those of other kinds change nothing."""
        match entry.event:
            case CallbackTried(call=call_id, users=users):
                named = tuple(user for user in users.split(",") if user)
                self.attempts.append(Attempt(call_id, named, entry.at))
            case CallbackAttempted(call=call_id, result=result, operator=operator, next_at=next_at):
                attempt = self.attempt(call_id)
                if attempt is not None:
                    attempt.result, attempt.operator, attempt.ended_at = result, operator, entry.at
                if result in NOT_TAKEN:
                    self.user = self.opened.user  # who was to do it by hand has not: it is as it was before
                self.not_before = next_at
            case CallbackPutOff(not_before=not_before, user=user):
                self.not_before = not_before
                self.user = user or self.user
            case CallbackClosed(why=why, by=by):
                self.closed, self.closed_at, self.closed_by = why, entry.at, by
            case _:
                pass


def order_of(entries: Sequence[Entry]) -> Order | None:
    """None where the stream is no order to be rung back."""
    order: Order | None = None
    for entry in entries:
        if isinstance(entry.event, CallbackOpened):
            opened = entry.event
            order = order or Order(entry.call_id, opened, entry.at, opened.not_before, opened.user)
        elif order is not None:
            order.apply(entry)
    return order
