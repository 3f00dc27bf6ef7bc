"""A tenant's queues over a period: a row for each queue, member, customer, day or hour."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from engine.directory.directory import Tenant
from engine.records.queues.asked import Asked
from engine.records.queues.figures import queue_figures
from engine.records.queues.members import customer_rows, member_rows
from engine.records.queues.store import visits_between
from engine.records.queues.visits import Visit
from engine.records.queues.workload import Workload, workload_by_time, workload_of_queues

T = TypeVar("T")
By = Literal["queue", "member", "customer", "day", "hour", "hour-of-day"]

_FORMATS = {"day": "%Y-%m-%d", "hour": "%Y-%m-%d %H:00", "hour-of-day": "%H:00"}


def queue_report(connection: Connection, tenant: Tenant, asked: Asked, by: By) -> list[Mapping[str, object]]:
    """The columns of `QueueFigures` and `Workload`, by member and customer of `MemberFigures`, after what a
    row is about. By queue each that the tenant's file has, also one that nobody called.
    """
    match by:
        case "member":
            return member_rows(connection, tenant, asked)
        case "customer":
            return customer_rows(connection, tenant, asked)
        case _:
            visits = visits_between(connection, tenant.name, asked.start, asked.end, asked.queue)
            zone = ZoneInfo(tenant.timezone)
            groups = _grouped(visits, lambda visit: _key(visit, by, zone))
            if by == "queue":
                groups = {name: [] for name in tenant.queues if asked.queue in (None, name)} | groups
                work = workload_of_queues(connection, tenant, asked, groups)
            else:
                work = workload_by_time(connection, tenant, asked, _FORMATS[by], groups)
            return [
                {
                    by.replace("-", "_"): key,
                    **asdict(queue_figures(found, asked.within_s)),
                    **work.get(key, Workload()).columns(),
                }
                for key, found in sorted(groups.items())
            ]


def _key(visit: Visit, by: By, zone: ZoneInfo) -> str:
    if by == "queue":
        return visit.queue
    local = datetime.fromtimestamp(visit.entered_at / 1000, UTC).astimezone(zone)
    return local.strftime(_FORMATS[by])


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
