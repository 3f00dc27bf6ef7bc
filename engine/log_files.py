"""Logs that are rotated while somebody writes to them, without a line lost.

The supervisor renames a long one. Its writer sees, before a line, that its file has another name by now, and
goes on in the new one: neither a signal that can be missed, nor a pipe that breaks when the supervisor is
killed.
"""

import os
import shutil
import stat
import time
from pathlib import Path

KEEP = 5  # old files: NAME.log.1, the newest, to NAME.log.5
LONGEST = 50 * 1024 * 1024
VARIABLE = "VATS_LOG"  # in the environment: the file that the process's stderr is
_LOOK_S = 1.0


def rotate(path: Path, longest: int, *, writer_follows: bool = True) -> bool:
    """Make room when the file is longer than `longest` bytes; returns whether it was. Raises `OSError`.

    A writer that does not follow, but appends, gets its file emptied instead, and can lose a line.
    """
    if _size(path) <= longest:
        return False
    for number in range(KEEP - 1, 0, -1):
        old = _numbered(path, number)
        if old.exists():
            old.replace(_numbered(path, number + 1))
    if writer_follows:
        path.replace(_numbered(path, 1))
    else:
        shutil.copyfile(path, _numbered(path, 1))
        os.truncate(path, 0)
    return True


def remove_old(path: Path) -> None:
    """Remove what another program has rotated away (`NAME.0`, the newest, `NAME.1`, …) but the newest."""
    for old in path.parent.glob(f"{path.name}.*"):
        number = old.name.removeprefix(f"{path.name}.")
        if number.isdecimal() and int(number) >= KEEP:
            old.unlink(missing_ok=True)


class FollowedLog:
    """Our own stderr (and stdout where it is the same file), which is this file and stays it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next_look = 0.0

    def follow(self) -> None:
        """To be called before a line is written; it looks once a second. An error leaves the old file."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_S
        try:
            held = os.fstat(2)
            if not stat.S_ISREG(held.st_mode) or _is(held, self._path):
                return
            both = os.path.samestat(held, os.fstat(1))
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.dup2(file, 2)
            if both:
                os.dup2(file, 1)
            os.close(file)
        except OSError:
            return


def followed() -> FollowedLog | None:
    """What the environment says that our stderr is; None where nobody rotates it."""
    named = os.environ.get(VARIABLE, "")
    return FollowedLog(Path(named)) if named else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _is(held: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(held, path.stat())
    except FileNotFoundError:
        return False
