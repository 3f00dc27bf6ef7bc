"""One thread that is both telephones and the callers' mouths and ears, while SIPp dials for the callers."""

import random
import selectors
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from engine.bench.answers import CALLER_HZ, OPERATOR_HZ, AnsweredCall, key_of
from engine.bench.following import FollowedLog
from engine.bench.precedence import ahead_of_others
from engine.bench.talkers import Talker, Talkers, frame
from engine.bench.telephones import Telephones

_LOOK_EVERY_S = 0.004


class Answering:
    """`with Answering(log, port, accounts) as answering:` follows the log of SIPp's callers.

    `accounts` are the two telephones', logged in from `port` before. `calls` is complete when it has ended.
    Raises `OSError` when the port is taken.
    """

    def __init__(self, log: Path, port: int, accounts: Sequence[str], seed: int = 0) -> None:
        dice = random.Random(seed)
        self._talkers = Talkers(dice)
        try:
            self._telephones = Telephones(port, accounts, self._talkers, dice)
        except OSError:
            self._talkers.close()
            raise
        self._log = FollowedLog(log)
        self._numbers: dict[str, str] = {}  # by SIPp's call id, from the INVITE on
        self._callers: dict[str, Talker] = {}  # by number
        self._caller_says, self._operator_says = frame(CALLER_HZ), frame(OPERATOR_HZ)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="both sides of the calls", daemon=True)

    @property
    def calls(self) -> dict[str, AnsweredCall]:
        """By the caller's number (`answers.key_of`)."""
        return self._telephones.calls

    def port_for(self, number: str) -> int:
        """Where the caller with this number is to be sent his sound."""
        return int(self._talkers.socket_for(key_of(number)).getsockname()[1])

    def __enter__(self) -> "Answering":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._telephones.finish()
        for number, talker in self._callers.items():
            if (call := self.calls.get(number)) is not None:
                call.caller_heard = talker.heard
        for call in self.calls.values():
            heard = call.operator_heard, call.caller_heard
            if call.answered is not None:
                until = max((at for at in heard if at is not None), default=time.time_ns())
                call.stalled = self._talkers.stalled(call.answered, until)
        self._telephones.close()
        self._talkers.close()

    def _run(self) -> None:
        talkers, telephones = self._talkers, self._telephones
        look_at = 0.0
        with ahead_of_others(), selectors.DefaultSelector() as selector:
            selector.register(telephones.socket, selectors.EVENT_READ, telephones.receive)
            for each in talkers.sockets:
                selector.register(each, selectors.EVENT_READ, partial(talkers.listen, each))
            while not self._stop.is_set():
                now = time.monotonic()
                if now >= look_at:
                    self._look(now)
                    look_at = now + _LOOK_EVERY_S
                telephones.act(now)
                talkers.speak(now)
                moments = (look_at, telephones.next_due(), talkers.next_due())
                wake = min(moment for moment in moments if moment is not None)
                for key, _ in selector.select(max(0.0, wake - time.monotonic())):
                    key.data()

    def _look(self, now: float) -> None:
        for event, call_id, detail in self._log.news():
            if event == "invite":
                self._numbers[call_id] = key_of(detail)
            elif event == "answered" and (number := self._numbers.get(call_id)) is not None:
                host, _, port = detail.rpartition(":")
                self._callers[number] = self._talkers.begin(
                    (host, int(port)), self._talkers.socket_for(number),
                    self._caller_says, self._operator_says, now,
                )  # fmt: skip
            elif event == "ended" and (number := self._numbers.get(call_id)) in self._callers:
                self._talkers.end(self._callers[number])
