"""Looking at the folders of tenants and scenarios, and reading a file only when it is whole (F44)."""

import contextlib
import fcntl
import os
import signal
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# Where the system cannot say whether a file is being written, it must have lain still for so long.
STILL_S = 0.1
_OLD_S = 1.0
# A file written again within one tick of the file system's clock (at most 10 ms) looks the same.
TICK_NS = 20_000_000


class Stamp(NamedTuple):
    """Differs whenever a file does, whichever way its clock was turned: nobody can set `changed` back."""

    modified: int  # nanoseconds, as all times here
    changed: int
    size: int
    inode: int
    device: int
    owner: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        return cls(
            *(status.st_mtime_ns, status.st_ctime_ns, status.st_size),
            *(status.st_ino, status.st_dev, status.st_uid),
        )

    def just_made(self) -> bool:
        """Whether the file can change once more and still look the same."""
        return abs(time.time_ns() - self.changed) < TICK_NS


@dataclass(frozen=True)
class Snapshot:
    """All files below some folders at one moment. `unreadable`: why a folder could not be looked into."""

    files: Mapping[str, Stamp] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def below(self, folder: Path) -> dict[str, Stamp]:
        """Those in one folder and its subfolders."""
        start = f"{folder}/"
        return {path: stamp for path, stamp in self.files.items() if path.startswith(start)}

    def by_folder(self, root: Path) -> dict[str, dict[str, Stamp]]:
        """Those below `root`, by the name of its subfolder."""
        start, found = len(f"{root}/"), dict[str, dict[str, Stamp]]()
        for path, stamp in self.below(root).items():
            name, _, rest = path[start:].partition("/")
            if rest:
                found.setdefault(name, {})[path] = stamp
        return found


def look(*roots: Path) -> Snapshot:
    """The files below these folders. Editors' own files (`.main.yaml.swp`, `main.yaml~`) are left out."""
    files: dict[str, Stamp] = {}
    unreadable: dict[str, str] = {}
    for root in roots:
        for path, status in _walk(str(root), unreadable, 0):
            files[path] = Stamp.of(status)
    return Snapshot(files, unreadable)


def _walk(folder: str, unreadable: dict[str, str], depth: int) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        unreadable[folder] = error.strerror or str(error)
        return
    for entry in found:
        if entry.name.startswith(".") or entry.name.endswith("~"):
            continue
        try:
            status = entry.stat()  # of what a link leads to
        except OSError:
            continue  # gone meanwhile, or a link to nothing
        if stat.S_ISREG(status.st_mode):
            yield entry.path, status
        elif stat.S_ISDIR(status.st_mode) and depth < 8:
            yield from _walk(entry.path, unreadable, depth + 1)


def read_whole(path: Path) -> bytes | None:
    """A file's content, or None while a program is writing it. Blocks for 0.1 s at most. Raises `OSError`.

    The kernel grants a read lease only on a file that nobody has open for writing, and holds up whoever
    opens it for writing until it is given back. Where there are no leases (the file is another user's, or
    lies on another machine), a file counts as whole that did not change for a while.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        # By default the kernel's word to the holder is SIGIO, which would end us; this one is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return None
        except OSError:
            return _read_still(path, descriptor)
        return _read(descriptor)  # closing gives the lease back
    finally:
        os.close(descriptor)


def _read_still(path: Path, descriptor: int) -> bytes | None:
    before = os.fstat(descriptor)
    content = _read(descriptor)
    if abs(time.time() - before.st_mtime) > _OLD_S:
        return content
    time.sleep(STILL_S)
    after = os.stat(path)
    same = (before.st_mtime_ns, before.st_size, before.st_ino) == (
        *(after.st_mtime_ns, after.st_size, after.st_ino),
    )
    return content if same and len(content) == after.st_size else None


def _read(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


class Staged:
    """A file that waits beside its place, whole and on the disk. Raises `OSError`.

    Where a link lies, what it leads to is replaced; the rights stay and, if we may, the owner.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self._target = Path(os.path.realpath(path))
        self._part = self._target.with_name(f".{self._target.name}.{os.getpid()}.new")
        self._old = self._target.with_name(f".{self._target.name}.{os.getpid()}.old")
        self._content = content

    def __enter__(self) -> "Staged":
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with self._part.open("wb") as file:
            file.write(self._content)
            file.flush()
            os.fsync(file.fileno())
            _take_after(self._target, file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.link(self._target, self._old)
        return self

    def __exit__(self, *error: object) -> None:
        self._part.unlink(missing_ok=True)
        self._old.unlink(missing_ok=True)

    def put(self) -> None:
        """Take the place of what lies there."""
        self._part.replace(self._target)

    def take_back(self) -> None:
        """What lay there before lies there again."""
        if self._old.exists():
            self._old.replace(self._target)
        else:
            self._target.unlink(missing_ok=True)


def _take_after(target: Path, descriptor: int) -> None:
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
        os.fchown(descriptor, status.st_uid, status.st_gid)
