"""Ports of 127.0.0.1 for tests.

A test often names a port long before anything listens there, and other tests run beside it. So ports lie
below the system's own range (no outgoing connection takes one meanwhile), and each is held for the process
that asked by a lock on that byte of a file which all test processes share; a process that ends gives its own
back.
"""

import fcntl
import os
import random
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from engine.bench.ports import is_free
from engine.settings import Ports

# Phones choose their sound ports at random from 20000 on (`tests.phone_process.worker`).
_SINGLE = range(2048, 10_000)
_RTP = range(10_000, 20_000)
_DEFAULT = {5432, *Ports().model_dump().values()}

_file = Path(tempfile.gettempdir()) / f"vats-tests-{os.geteuid()}.ports"
_locks = os.open(_file, os.O_RDWR | os.O_CREAT, 0o600)
_held: set[int] = set()
_random = random.Random()


def free_port() -> int:
    """A port that nobody uses now, neither by TCP nor by UDP, and that no other test is given."""
    [port] = free_ports(1)
    return port


def free_ports(number: int) -> list[int]:
    """As many such ports, different from each other. Raises `AssertionError` when there are not so many."""
    start = _random.choice(_SINGLE)
    found: list[int] = []
    for port in (*range(start, _SINGLE.stop), *range(_SINGLE.start, start)):
        if len(found) == number:
            return found
        if port not in _DEFAULT and hold(port):
            found.append(port)
    raise AssertionError(f"no {number} free ports in {_SINGLE}")


def free_rtp_range(number: int) -> int:
    """The first (even) of `number` neighbouring ports, held alike."""
    firsts = range(_RTP.start, _RTP.stop - number + 1, 2)
    start = _random.randrange(len(firsts))
    for first in chain(firsts[start:], firsts[:start]):
        got: list[int] = []
        for port in range(first, first + number):
            if not hold(port):
                break
            got.append(port)
        if len(got) == number:
            return first
        give_back(got)
    raise AssertionError(f"no {number} free ports in a row in {_RTP}")


def give_back(ports: Iterable[int]) -> None:
    """Nobody will use them any more: another test may."""
    for port in ports:
        _held.discard(port)
        fcntl.lockf(_locks, fcntl.LOCK_UN, 1, port)


def hold(port: int) -> bool:
    """Take this one; whether it was to be had."""
    # A process's own locks never stand in its way: what it holds itself it must remember.
    if port in _held:
        return False
    try:
        fcntl.lockf(_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    if not is_free(port):
        fcntl.lockf(_locks, fcntl.LOCK_UN, 1, port)
        return False
    _held.add(port)
    return True
