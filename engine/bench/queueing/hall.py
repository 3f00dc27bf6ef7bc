"""One thread that is all callers and all operators of an evening."""

import random
import selectors
import threading
import time
from collections.abc import Sequence
from functools import partial
from types import TracebackType

from engine.bench.answers import CALLER_HZ, OPERATOR_HZ
from engine.bench.precedence import ahead_of_others
from engine.bench.queueing.facts import Visit
from engine.bench.queueing.guests import Guests
from engine.bench.queueing.operators import Operators
from engine.bench.queueing.plan import Guest
from engine.bench.talkers import Address, Talkers, frame

_LONGEST_SLEEP_S = 0.05


class Hall:
    """`with Hall(...) as hall:` lets the guests come; `visits` is complete when it has ended.

    The operators' telephones were logged in from `operators_port` before. Raises `OSError` for a port that
    is taken.
    """

    def __init__(
        self, guests: Sequence[Guest], number: str, switch: Address, guests_port: int, operators_port: int
    ) -> None:
        self._coming = guests
        self._talkers = Talkers(random.Random(0))
        caller, operator = frame(CALLER_HZ), frame(OPERATOR_HZ)
        try:
            self._guests = Guests(guests_port, switch, number, self._talkers, caller, operator)
            try:
                self._operators = Operators(operators_port, self._talkers, operator, caller)
            except OSError:
                self._guests.close()
                raise
        except OSError:
            self._talkers.close()
            raise
        self._stop = threading.Event()
        self._dismiss = threading.Event()
        self._all_gone = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guests and operators", daemon=True)

    @property
    def visits(self) -> dict[str, Visit]:
        """By the caller's number in E.164."""
        return self._guests.visits

    @property
    def strangers(self) -> list[str]:
        """Numbers that operators were shown and that belong to no guest."""
        return self._operators.strangers

    def wait(self, timeout: float) -> bool:
        """Block until every guest has come and gone; False when `timeout` seconds have passed before."""
        return self._all_gone.wait(timeout)

    def dismiss(self) -> None:
        """Let those hang up who are still there."""
        self._dismiss.set()

    def __enter__(self) -> "Hall":
        self._guests.expect(self._coming, time.monotonic())
        self._operators.expect({guest.number: guest for guest in self._coming}, self._guests.visits)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._guests.finish()
        self._guests.close()
        self._operators.close()
        self._talkers.close()

    def _run(self) -> None:
        guests, operators, talkers = self._guests, self._operators, self._talkers
        with ahead_of_others(), selectors.DefaultSelector() as selector:
            selector.register(guests.socket, selectors.EVENT_READ, guests.receive)
            selector.register(operators.socket, selectors.EVENT_READ, operators.receive)
            for each in talkers.sockets:
                selector.register(each, selectors.EVENT_READ, partial(talkers.listen, each))
            while not self._stop.is_set():
                if self._dismiss.is_set():
                    self._dismiss.clear()
                    guests.dismiss()
                if guests.all_gone:
                    self._all_gone.set()
                now = time.monotonic()
                guests.act(now)
                operators.act(now)
                talkers.speak(now)
                moments = (
                    now + _LONGEST_SLEEP_S,
                    guests.next_due(),
                    operators.next_due(),
                    talkers.next_due(),
                )
                wake = min(moment for moment in moments if moment is not None)
                for key, _ in selector.select(max(0.0, wake - time.monotonic())):
                    key.data()
