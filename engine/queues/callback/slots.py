"""Free times in somebody's calendar: his hours without what is booked. Pure. Times are UTC milliseconds."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.directory.callback_model import BookingModel
from engine.directory.schedules import Schedule
from engine.directory.schedules.zones import DAYS_BACK, instants, local

CELL_MS = 300_000


class Slot(NamedTuple):
    """A time that can be booked."""

    starts_at: int
    ends_at: int


def cells(slot: Slot) -> list[int]:
    """The five-minute cells that it takes."""
    return list(range(slot.starts_at, slot.ends_at, CELL_MS))


def free_slots(
    schedule: Schedule, model: BookingModel, taken: Collection[int], since: int, until: int, now: int
) -> list[Slot]:
    """Those that begin within [since, until), as far ahead as may be booked. `taken` are cells.

    Talks follow one another from the beginning of each stretch of his hours; one that would go beyond its end
    is none. Hours that do not begin on a cell are entered with the next one.
    """
    earliest = max(since, now + round(model.notice * 1000))
    latest = min(until, now + round(model.ahead * 1000))
    taken = frozenset(taken)
    return [
        slot
        for slot in _slots(schedule, round(model.slots * 1000), earliest, latest)
        if earliest <= slot.starts_at < latest and taken.isdisjoint(cells(slot))
    ]


def _slots(schedule: Schedule, length: int, since: int, until: int) -> Iterator[Slot]:
    """All of the days around this time, booked or not, one after another."""
    if since >= until:
        return
    zone = ZoneInfo(schedule.timezone)
    day, last = local(zone, since).date() - timedelta(days=DAYS_BACK), local(zone, until).date()
    ended = 0
    while day <= last:
        for opens, closes in instants(zone, day, schedule.plan(day).ranges):
            start = -(-opens // CELL_MS) * CELL_MS
            while start + length <= closes:
                if start >= ended:  # hours may overlap those of the day before
                    yield Slot(start, start + length)
                    ended = start + length
                start += length
        day += timedelta(days=1)


def is_free(
    schedule: Schedule, model: BookingModel, taken: Collection[int], starts_at: int, now: int
) -> bool:
    """Whether a talk may be booked from exactly then on."""
    return bool(free_slots(schedule, model, taken, starts_at, starts_at + 1, now))
