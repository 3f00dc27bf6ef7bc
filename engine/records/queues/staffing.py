"""How long somebody was there to serve, from the stretches of presence that were journalled of him. Pure."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from engine.directory.pool_model import ALL_CUSTOMERS
from engine.journal.presence_events import PresenceState

# Who is so serves nobody, whatever else he is.
_AWAY: frozenset[PresenceState] = frozenset({"left", "paused", "offline", "do_not_disturb", "off_duty"})


class Stretch(NamedTuple):
    """UTC milliseconds, `end` excluded; `queue` is empty for all of his queues."""

    state: PresenceState
    queue: str
    start: int
    end: int


class Staffing(NamedTuple):
    """Milliseconds within the period."""

    there: int
    paused: int
    wrap_up: int


Span = tuple[int, int]


def staffing(stretches: Iterable[Stretch], period: Span, queue: str = "", *, by_file: bool) -> Staffing:
    """Of one person over a period; of one queue only, if `queue` is given.

    `by_file`: the tenant's file makes him a member who need not log in; else he is there while he has joined.
    Wrap-up is time that he is there.
    """
    mine = [one for one in stretches if not queue or one.queue in ("", queue)]
    # What concerns one of several queues does not keep him from the others.
    whole = [one for one in mine if one.queue in ("", queue)]
    present = [period] if by_file else _union(_cut([one for one in mine if one.state == "joined"], period))
    away = _union(_cut([one for one in whole if one.state in _AWAY], period))
    paused = _union(_cut([one for one in whole if one.state == "paused"], period))
    wrap_up = _union(_cut([one for one in mine if one.state == "wrap_up"], period))
    return Staffing(_length(present) - _common(present, away), _length(paused), _length(wrap_up))


def secretary_staffing(stretches: Iterable[Stretch], period: Span, queues: Collection[str]) -> Staffing:
    """The same of a secretary and some customers' queues, by the names of these in her own presence:
    `romashka/main`. There she is while she has joined one of them, or all of them, and not left it.
    """
    found = list(stretches)

    def of(*states: PresenceState, among: Iterable[str]) -> list[Span]:
        names = set(among)
        return _union(_cut([one for one in found if one.state in states and one.queue in names], period))

    present = _union(
        span
        for queue in queues
        for span in _without(of("joined", among=(queue, ALL_CUSTOMERS)), of("left", "paused", among=(queue,)))
    )
    there = _without(present, of(*_AWAY - {"left"}, among=("",)))
    alone = queues if len(queues) == 1 else ()
    paused = of("paused", among=("", *alone))
    return Staffing(_length(there), _length(paused), _length(of("wrap_up", among=queues)))


def _without(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What of a union is in no span of another."""
    left = list(spans)
    for start, end in others:
        cut = [part for one in left for part in ((one[0], min(one[1], start)), (max(one[0], end), one[1]))]
        left = [one for one in cut if one[0] < one[1]]
    return left


def _cut(stretches: Iterable[Stretch], period: Span) -> list[Span]:
    spans = [(max(one.start, period[0]), min(one.end, period[1])) for one in stretches]
    return [span for span in spans if span[0] < span[1]]


def _union(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _length(spans: Sequence[Span]) -> int:
    return sum(end - start for start, end in spans)


def _common(one: Sequence[Span], other: Sequence[Span]) -> int:
    """Of two unions."""
    return sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other)
