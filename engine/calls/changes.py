"""Waiting until something has changed: nothing is polled, and no change is missed between two looks."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Of one call: `tell` that something is other than before, and all who wait look again."""

    def __init__(self) -> None:
        self.followers: set[Callable[[], None]] = set()  # of other calls, told whenever something changes
        self._waiters: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        for waiter in self._waiters:
            _wake(waiter)
        for follower in tuple(self.followers):
            follower()

    async def until(self, condition: Callable[[], T], timeout: float | None) -> T | None:
        """The condition's first true value; None when `timeout` seconds passed. Raises what it raises."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            if value := condition():
                return value
            if deadline is not None and loop.time() >= deadline:
                return None
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            alarm = None if deadline is None else loop.call_at(deadline, _wake, waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
                if alarm is not None:
                    alarm.cancel()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
