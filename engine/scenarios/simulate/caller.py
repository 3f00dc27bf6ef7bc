"""The made-up caller: keys what he was told to, at its moment, and hangs up."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from engine.scenarios.simulate.keys import Act


class MadeUpCaller:
    """`act` is called with a key, or `h`, at the moment it comes. Ends with `stop`."""

    def __init__(self, acts: Sequence[Act], act: Callable[[str], None]) -> None:
        self._acts = deque(acts)
        self._act = act
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._was_asked = False
        # Waiting for more digits asks nothing anew: only what is heard after the last key does.
        self._may_be_asked = True
        self._schedule("start")

    @property
    def left(self) -> str:
        """What he has not done yet."""
        return "".join(act.key for act in self._acts)

    def hears(self) -> None:
        """Something is said to him."""
        self._may_be_asked = True

    def can_answer(self) -> None:
        """From now on a key is an answer."""
        if not self._was_asked:
            self._was_asked = True
            self._schedule("first asked")

    def asked(self) -> None:
        """All has been said and a key is waited for."""
        self.can_answer()
        if self._may_be_asked and self._acts and self._acts[0].when == "asked":
            self._do()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, since: str) -> None:
        if self._timer is None and self._acts and self._acts[0].when == since:
            self._timer = self._loop.call_later(self._acts[0].seconds, self._do)

    def _do(self) -> None:
        self.stop()
        act = self._acts.popleft()
        self._may_be_asked = False
        self._act(act.key)
        self._schedule("last key")
