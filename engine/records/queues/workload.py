"""How much of the time that people were there to serve went into it, for each queue, or each day or hour.

Talks count when they went on, whenever the caller came.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from engine.directory.directory import Tenant
from engine.records.queues.asked import Asked
from engine.records.queues.members import Person, people_of, served_by_people
from engine.records.queues.staffing import Span, Stretch
from engine.records.queues.visits import Visit

_HOUR_S = 3600
# Talks of callers who came before the period may go on in it.
_LONGEST_TALK_MS = 24 * _HOUR_S * 1000


@dataclass
class Workload:
    """Milliseconds of all people together."""

    there: int = 0
    wrap_up: int = 0
    talk: int = 0

    def columns(self) -> Mapping[str, object]:
        """Seconds; occupancy from 0 to 1, None while nobody was there."""
        handling = self.talk + self.wrap_up
        return {
            "wrap_up_s": self.wrap_up / 1000,
            "there_s": self.there / 1000,
            "occupancy": min(1.0, handling / self.there) if self.there else None,
        }


def workload_of_queues(
    connection: Connection, tenant: Tenant, asked: Asked, queues: Collection[str]
) -> dict[str, Workload]:
    """By queue; who serves several was there in each."""
    found = {}
    for queue in queues:
        one = replace(asked, queue=queue)
        found[queue] = _workload(connection, tenant, one, [(asked.period, queue)])[queue]
    return found


def workload_by_time(
    connection: Connection, tenant: Tenant, asked: Asked, form: str, wanted: Collection[str]
) -> dict[str, Workload]:
    """By the tenant's day or hour, as `form` of strftime writes it."""
    zone = ZoneInfo(tenant.timezone)
    spans = [(span, key) for span, key in hours(asked.period, zone, form) if key in wanted]
    return _workload(connection, tenant, asked, spans)


def _workload(
    connection: Connection, tenant: Tenant, asked: Asked, spans: Sequence[tuple[Span, str]]
) -> dict[str, Workload]:
    earlier = replace(asked, start=asked.start - _LONGEST_TALK_MS)
    visits, offers = served_by_people(connection, tenant, earlier)
    return workload(people_of(connection, tenant, asked, visits, offers), visits, spans)


def workload(
    people: Sequence[Person], visits: Sequence[Visit], spans: Sequence[tuple[Span, str]]
) -> dict[str, Workload]:
    """By the names of the spans, which are in order and apart; several may have the same. Pure."""
    found = {key: Workload() for _, key in spans}
    for person in people:
        for (span, key), stretches in zip(spans, _cut(person, spans), strict=True):
            staffed = person.staffing(stretches, span)
            found[key].there += staffed.there
            found[key].wrap_up += staffed.wrap_up
    for index, part in _talks(visits, spans):
        found[spans[index][1]].talk += part
    return found


def _cut(person: Person, spans: Sequence[tuple[Span, str]]) -> list[list[Stretch]]:
    """Of each span the stretches with any part in it."""
    parts: list[list[Stretch]] = [[] for _ in spans]
    for stretch in person.stretches:
        for index in _within(stretch.start, stretch.end, spans):
            parts[index].append(stretch)
    return parts


def _talks(visits: Sequence[Visit], spans: Sequence[tuple[Span, str]]) -> Iterator[tuple[int, int]]:
    """Parts of talks, in milliseconds, with the number of the span that they were in."""
    for visit in visits:
        began, ended = visit.left_at, visit.left_at + visit.talk_ms
        if visit.outcome == "talked":
            for index in _within(began, ended, spans):
                start, end = spans[index][0]
                yield index, min(end, ended) - max(start, began)


def _within(start: int, end: int, spans: Sequence[tuple[Span, str]]) -> Iterator[int]:
    """Numbers of the spans, which are in order, that have any part between these times."""
    index = max(0, bisect_right(spans, start, key=lambda one: one[0][0]) - 1)
    while index < len(spans) and spans[index][0][0] < end:
        if spans[index][0][1] > start:
            yield index
        index += 1


def hours(period: Span, zone: ZoneInfo, form: str) -> Iterator[tuple[Span, str]]:
    """The period, cut at each full hour of the zone's clock, each part with its name."""
    at, end = period
    while at < end:
        local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
        into_hour = (local.minute * 60 + local.second) * 1000 + local.microsecond // 1000
        following = min(end, at + _HOUR_S * 1000 - into_hour)
        yield (at, following), local.strftime(form)
        at = following
