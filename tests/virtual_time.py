"""Time that jumps: hours of a call's life in milliseconds, the same way every time.

`run(coroutine)` drives it on a loop whose `time()` goes on only when nothing is left to do now, to the next
timer. It fails when a task, a timer or an exception is left behind, and when nothing would ever happen again.
"""

import asyncio
import contextlib
import gc
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")

MOST_TURNS = 100_000
START_MS = 1_795_417_200_000  # 2026-11-23T07:00:00Z, a Monday, 10:00 in Moscow


class NothingHappensError(AssertionError):
    """Everybody waits, and no timer is set: in real time this would hang."""


class EndlessError(AssertionError):
    """Something goes round and round."""


class LeftBehindError(AssertionError):
    """The test's code ended and left a task, a timer or an exception that nobody looked at."""


class _JumpingSelector(selectors.DefaultSelector):
    """Does not wait: tells the loop's clock how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda seconds: None
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise EndlessError(f"{MOST_TURNS} turns of the event loop and no end")
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            raise NothingHappensError("nothing is left that could ever happen")
        self.jump(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Threads have no place in it: what is given to an executor is done at once."""

    def __init__(self) -> None:
        self._now = 0.0
        self.selector = selector = _JumpingSelector()
        super().__init__(selector)
        selector.jump = self._jump
        # Adding up floats must not leave a timer a hair in the future.
        self._clock_resolution = 1e-6

    def _jump(self, seconds: float) -> None:
        self._now += seconds

    def time(self) -> float:
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

    def live_timers(self) -> list[asyncio.TimerHandle]:
        """Timers set and not cancelled."""
        return [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]


class VirtualClock:
    """The `Clock` of a virtual loop: it is the running loop's time, from a Monday morning on. On a usual loop
    it begins when it is made: that one's time is the time since the machine was started.
    """

    def __init__(self, start_ms: int = START_MS) -> None:
        self._start_ms = start_ms
        self._set_by = 0
        loop = asyncio._get_running_loop()
        self._began_s = 0.0 if loop is None or isinstance(loop, VirtualLoop) else loop.time()

    def wall_ms(self) -> int:
        return self._start_ms + self._set_by + self._passed_ms()

    def monotonic_ms(self) -> int:
        return 1_000_000 + self._passed_ms()

    def _passed_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._began_s) * 1000)

    def boot_id(self) -> str:
        return "virtual0"

    def set_wall_forward(self, milliseconds: int) -> None:
        """Somebody sets the machine's clock; the monotonic one does not notice."""
        self._set_by += milliseconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a virtual loop of its own.

    Raises `LeftBehindError`, `NothingHappensError`, or what the coroutine raises.
    """
    loop = VirtualLoop()
    unseen: list[str] = []

    def handler(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        unseen.append(f"{context['message']}: {context.get('exception')!r} {context.get('task', '')}")

    loop.set_exception_handler(handler)
    try:
        asyncio.set_event_loop(loop)
        result = loop.run_until_complete(main)
        # What was cancelled last may finish.
        loop.run_until_complete(asyncio.sleep(0))
        left = [repr(task) for task in asyncio.all_tasks(loop)]
        left += [repr(timer) for timer in loop.live_timers()]
        gc.collect(1)
        left += unseen
        if left:
            raise LeftBehindError("left behind: " + "; ".join(left))
        return result
    except (NothingHappensError, EndlessError) as error:
        waiting = "; ".join(_where(task) for task in asyncio.all_tasks(loop))
        raise type(error)(f"{error}; waiting: {waiting}") from None
    finally:
        _cancel_all(loop)
        asyncio.set_event_loop(None)
        loop.close()


def _where(task: "asyncio.Task[Any]") -> str:
    frames = task.get_stack(limit=3)
    places = " < ".join(f"{frame.f_code.co_name}:{frame.f_lineno}" for frame in reversed(frames))
    return f"{task.get_name()} at {places}"


def _cancel_all(loop: VirtualLoop) -> None:
    loop.set_exception_handler(lambda *_: None)
    loop.selector.turns = 0
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        with contextlib.suppress(EndlessError, NothingHappensError):
            loop.run_until_complete(asyncio.wait(tasks, timeout=60))
