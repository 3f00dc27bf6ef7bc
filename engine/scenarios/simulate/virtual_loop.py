"""An event loop whose time goes on only when nothing is left to do: an hour's call takes a millisecond."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


class NothingHappens(Exception):
    """Something waits for what will never come, such as an answer from outside of the simulation."""


class _Selector(selectors.DefaultSelector):
    """Does not wait: tells the loop's clock how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda seconds: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []  # no sockets are watched here
        if timeout is None:
            raise NothingHappens("it waits for something that a simulation does not have")
        self.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """What is given to a thread is done at once."""

    def __init__(self) -> None:
        self._now = 0.0
        selector = _Selector()
        super().__init__(selector)
        selector.jump = self._jump
        # Adding up floats must not leave a timer a hair in the future.
        self._clock_resolution = 1e-6

    def _jump(self, seconds: float) -> None:
        self._now += seconds

    def time(self) -> float:
        """Seconds since the loop was made, as the simulation counts them."""
        return self._now

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future


def run_virtually(main: Coroutine[Any, Any, T], loop: VirtualLoop | None = None) -> T:
    """Run to the end, on `loop` or one of its own. Raises `NothingHappens`, or what the coroutine raises.

    A thread in which another loop is running cannot do this.
    """
    own = loop or VirtualLoop()
    try:
        return own.run_until_complete(main)
    finally:
        _cancel_all(own)
        if loop is None:
            own.close()


def _cancel_all(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=1))
