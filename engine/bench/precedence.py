"""Those who stand for people and telephones do not wait for their turn on the switch's processors."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def ahead_of_others() -> Iterator[None]:
    """The calling thread runs before all others as soon as it has something to do, where it may (root).

    It is for threads that only send and receive. Processes that it starts are as they would be without.
    """
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)
