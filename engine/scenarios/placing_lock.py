"""Several files of one change are seen by the engine together (F44)."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from engine.settings import Settings


@contextlib.contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Nobody reads the configuration meanwhile, nor puts files in place."""
    descriptor = _open(settings)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def nobody_places(settings: Settings) -> Iterator[bool]:
    """Whether nobody is in the middle of putting files in place; nobody begins to before this ends."""
    descriptor = _open(settings)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _open(settings: Settings) -> int:
    settings.run_folder.mkdir(parents=True, exist_ok=True)
    return os.open(settings.run_folder / "placing.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
