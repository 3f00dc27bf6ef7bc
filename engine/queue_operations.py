"""Operations of who serves queues: join, leave, pause, resume, ready, and what somebody's presence is."""

import math
from collections.abc import Callable, Mapping, Sequence

from engine.directory.directory import Directory
from engine.directory.named import tenant_of_user
from engine.operations import Handler
from engine.queues.attendance import LiveAttendance
from engine.queues.members import MemberKey
from engine.queues.presence import Key, Stretch
from engine.records.query import iso


def queue_operations(attendance: LiveAttendance, directory: Callable[[], Directory]) -> Mapping[str, Handler]:
    """`queue.join`, `queue.leave`, `queue.pause`, `queue.resume`, `queue.ready`, `queue.wrap_up`,
    `queue.presence`. Each answers what is so of the person then; `Unknown` and `NotDone` are its errors.
    """

    def person(tenant: str, extension: str) -> dict[str, object]:
        stretches = attendance.book.of(MemberKey(tenant, extension)).stretches
        return {"tenant": tenant, "extension": extension, "presence": _described(list(stretches.values()))}

    async def show(tenant: str, extension: str) -> dict[str, object]:
        tenant_of_user(directory(), tenant, extension)
        return person(tenant, extension)

    async def join(tenant: str, extension: str, queue: str = "", by: str = "") -> dict[str, object]:
        """Without `queue`: those that the tenant's file puts him in."""
        attendance.join(tenant_of_user(directory(), tenant, extension), extension, queue, by=by)
        return person(tenant, extension)

    async def leave(tenant: str, extension: str, queue: str = "", by: str = "") -> dict[str, object]:
        """Without `queue`: all that he serves."""
        attendance.leave(tenant_of_user(directory(), tenant, extension), extension, queue, by=by)
        return person(tenant, extension)

    async def pause(
        tenant: str, extension: str, reason: str = "", queue: str = "", by: str = ""
    ) -> dict[str, object]:
        """`reason`: number or text of one of the tenant's file, or any text where the file allows it."""
        attendance.pause(tenant_of_user(directory(), tenant, extension), extension, reason, queue, by=by)
        return person(tenant, extension)

    async def resume(tenant: str, extension: str, queue: str = "", by: str = "") -> dict[str, object]:
        """Without `queue`: from all pauses, and his wrap-up is over as well."""
        attendance.resume(tenant_of_user(directory(), tenant, extension), extension, queue, by=by)
        return person(tenant, extension)

    async def ready(tenant: str, extension: str, by: str = "") -> dict[str, object]:
        """His wrap-up is over."""
        attendance.wrap_up(tenant_of_user(directory(), tenant, extension), extension, 0, by=by)
        return person(tenant, extension)

    async def wrap_up(tenant: str, extension: str, seconds: float, by: str = "") -> dict[str, object]:
        """His wrap-up lasts so many seconds longer."""
        if not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise ValueError(f"{seconds} is no number of seconds")
        if seconds <= 0:
            raise ValueError(f"a wrap-up cannot be made longer by {seconds:g} s; queue.ready ends it")
        attendance.wrap_up(tenant_of_user(directory(), tenant, extension), extension, seconds, by=by)
        return person(tenant, extension)

    return {
        "queue.presence": show,
        "queue.join": join,
        "queue.leave": leave,
        "queue.pause": pause,
        "queue.resume": resume,
        "queue.ready": ready,
        "queue.wrap_up": wrap_up,
    }


def _described(stretches: Sequence[Stretch]) -> list[dict[str, object]]:
    """Times in ISO form, UTC."""
    return [
        {
            "state": stretch.key.state.replace("_", " ") if stretch.key.state != "wrap_up" else "wrap-up",
            "queue": stretch.key.queue,
            "reason": stretch.reason,
            "by": stretch.by,
            "since": iso(stretch.since),
            "until": iso(stretch.until) if stretch.until else None,
        }
        for stretch in sorted(stretches, key=_order)
    ]


def _order(stretch: Stretch) -> tuple[int, Key]:
    return stretch.since, stretch.key
