"""Notes in time what nobody says: that a wrap-up is over, that own hours begin or end, what files say now."""

import asyncio
from collections.abc import Callable, Sequence

from engine.directory.directory import Directory, Tenant
from engine.queues.attendance import LiveAttendance
from engine.queues.members import MemberKey
from engine.queues.presence import Began, Change, Extended

# How soon it is noted that somebody's own hours begin or end.
HOURS_S = 5.0
SHORTEST_S = 0.005


class AttendanceKeeper:
    """`run` does it, until cancelled; `look` after a change of tenants' files."""

    def __init__(self, attendance: LiveAttendance, directory: Callable[[], Directory]) -> None:
        self._attendance = attendance
        self._directory = directory
        self._tenants: dict[str, Tenant] = {}
        self._wake = asyncio.Event()
        self._look = True
        attendance.book.listeners.append(self._presence_changed)

    def look(self) -> None:
        """Tenants' files may have changed."""
        self._look = True
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        hours_at: float | None = None  # when hours are looked at again; None: nobody has any
        while True:
            self._wake.clear()
            if self._look:
                self._look = False
                await self.read_files()
                hours_at = loop.time()
            if hours_at is not None and loop.time() >= hours_at:
                hours_at = loop.time() + HOURS_S if self._attendance.look_at_hours() else None
            limits = [self._attendance.end_rests(), hours_at and hours_at - loop.time()]
            due = [one for one in limits if one is not None]
            try:
                async with asyncio.timeout(max(min(due), SHORTEST_S) if due else None):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def read_files(self) -> None:
        """Some people at a time, so that calls get their turn between."""
        now = dict(self._directory().tenants)
        noted = {key.tenant for key, _ in self._attendance.book.everybody()}
        for name in [*now, *(self._tenants.keys() | noted) - now.keys()]:
            if name not in now or now[name] is not self._tenants.get(name):
                for _ in self._attendance.file_changed(name):
                    await asyncio.sleep(0)
                await asyncio.sleep(0)
        self._tenants = now

    def _presence_changed(self, _: MemberKey, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, Extended) or (
                isinstance(change, Began) and change.stretch.key.state == "wrap_up"
            ):
                self._wake.set()
