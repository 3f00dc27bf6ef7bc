"""Files that a tenant's card offers: they lie in its folder `files`, and nothing else is ever read."""

import base64
import errno
import mimetypes
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

# What is larger is no price list; whoever needs it has a link.
LARGEST_BYTES = 25 * 1024 * 1024
PIECE_BYTES = 512 * 1024


class NoCardFile(ValueError):
    """The file is not there, or nothing that can be given out; the message says why, without the folder."""


class Piece(NamedTuple):
    """`content` of the file from `offset` on, base64; `next_offset` None: its end. `version` changes with the
    file, so that nobody joins pieces of two.
    """

    size: int
    type: str
    version: str
    content: str
    next_offset: int | None


def files_folder(tenant_folder: Path) -> Path:
    """Where they lie; `tenant_folder` is that of the tenant's scenarios."""
    return tenant_folder / "files"


def sizes(tenant_folder: Path, names: Iterable[str]) -> dict[str, int | None]:
    """Bytes of each, None for one that cannot be given out. It blocks."""
    found: dict[str, int | None] = {}
    for name in names:
        try:
            with _opened(tenant_folder, name) as (_, status):
                found[name] = status.st_size
        except NoCardFile:
            found[name] = None
    return found


def look_at(tenant_folder: Path, name: str) -> None:
    """Raises `NoCardFile` for a file that cannot be given out. It blocks."""
    with _opened(tenant_folder, name):
        pass


def piece(tenant_folder: Path, name: str, offset: int = 0) -> Piece:
    """What comes from `offset` on. Raises `NoCardFile`. It blocks."""
    with _opened(tenant_folder, name) as (file, status):
        if not 0 <= offset <= status.st_size:
            raise NoCardFile(f"the file {name} has {status.st_size} bytes, and no offset {offset}")
        content = os.pread(file, PIECE_BYTES, offset)
        end = offset + len(content)
        version = f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        following = end if content and end < status.st_size else None
        return Piece(status.st_size, kind, version, base64.b64encode(content).decode(), following)


@contextmanager
def _opened(tenant_folder: Path, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """A plain file of this folder itself, never one that a link or a `..` leads to."""
    if not name or "/" in name or "\0" in name or name.startswith("."):
        raise NoCardFile(f"{name!r} is no name of a file in `files`")
    try:
        # Whoever opened a pipe would wait for its other end.
        file = os.open(files_folder(tenant_folder) / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        why = "is a link" if error.errno == errno.ELOOP else (error.strerror or str(error)).lower()
        raise NoCardFile(f"the file {name} cannot be read: {why}") from error
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise NoCardFile(f"{name} is no file")
        if status.st_size > LARGEST_BYTES:
            raise NoCardFile(f"the file {name} has over {LARGEST_BYTES // 1024 // 1024} MB")
        yield file, status
    finally:
        os.close(file)
