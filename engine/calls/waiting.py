"""The call waits for something outside of it, and the caller hears something meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from engine.directory.prompt_model import Prompt

T = TypeVar("T")

# What is done sooner than this needs no music; a second of silence is a pause in speech.
QUIET_S = 1.0


class Waits(Protocol):
    """What waiting needs of a call, on the switch or simulated."""

    def changed(self) -> None: ...

    async def until(self, condition: Callable[[], T], timeout: float | None = None) -> T | None: ...

    def forget_digits(self) -> None: ...

    async def play(self, *prompts: Prompt, barge_in: bool = False) -> str | None: ...

    async def start_music(self) -> None: ...

    async def stop_music(self) -> None: ...


async def wait_for(call: Waits, work: Coroutine[Any, Any, T], prompt: Prompt | None) -> T:
    """The result of `work`, which is cancelled when the caller hangs up or the call is detached."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda _: call.changed())
    try:
        if not await call.until(task.done, QUIET_S):
            await _heard(call, task, prompt)
            # What was pressed out of impatience is no choice in a menu that comes later.
            call.forget_digits()
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def _heard(call: Waits, task: asyncio.Task[T], prompt: Prompt | None) -> None:
    if prompt is not None:
        await call.play(prompt)  # to its end: words cut in half help nobody
    if not task.done():
        await call.start_music()
        await call.until(task.done)
        await call.stop_music()
