"""A tenant's own recordings: the sound files in his folder `prompts/`, and what was made of them."""

import contextlib
import hashlib
import os
import re
import shutil
from pathlib import Path

import msgspec

from engine.directory.prompt_model import PROMPT_NAME
from engine.directory.prompts.convert import PROFILE, BadSound
from engine.directory.prompts.places import is_made
from engine.directory.prompts.workshop import Workshop

SOURCE_ENDINGS = ("wav", "mp3", "ogg", "m4a", "flac")


class Origin(msgspec.Struct, frozen=True):
    """What a prompt was made from; lies beside it as `NAME.json`."""

    source: str
    digest: str
    duration_ms: int
    gain_db: float


def find_source(folder: Path, name: str) -> Path | None:
    """The sound file of that name, None when there is none. Raises `BadSound` when there are several."""
    if not re.fullmatch(PROMPT_NAME, name):
        raise BadSound(f"{name}: no name of a prompt")
    found = [path for ending in SOURCE_ENDINGS if (path := folder / f"{name}.{ending}").is_file()]
    if len(found) > 1:
        raise BadSound(f"{found[0]}: {found[1].name} has the same name; keep one of them")
    return found[0] if found else None


def origin(target: Path) -> Origin | None:
    """What was made there, and from what; None when nothing was."""
    try:
        return msgspec.json.decode(target.with_name(f"{target.name}.json").read_bytes(), type=Origin)
    except (OSError, msgspec.DecodeError):
        return None


def digest_of(source: Path) -> str:
    """Tells two contents of a sound file apart, and two ways of making a prompt of it. Raises `OSError`."""
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() + "-" + PROFILE


def keep_take(target: Path, take: Path, before: Path | None, until: float) -> None:
    """Keep what was made under a name of its own too. `before` is the take that it replaces; takes that were
    replaced before `until` (seconds since 1970) go. Raises `OSError`.
    """
    take.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("alaw", "wav"):
        _link(target.with_name(f"{target.name}.{ending}"), take.with_name(f"{take.name}.{ending}"))
        if before is not None and before != take:
            with contextlib.suppress(FileNotFoundError):
                os.utime(before.with_name(f"{before.name}.{ending}"))
    name = take.name.rpartition("-")[0]
    for path in take.parent.glob(f"{name}-*.*"):
        one_of_it = path.stem != take.name and path.stem.rpartition("-")[0] == name
        if one_of_it and path.stat().st_mtime < until:
            path.unlink(missing_ok=True)


def _link(made: Path, take: Path) -> None:
    """The same file under a second name; a copy where links are not allowed."""
    if take.exists():
        return
    part = take.with_name(f".{take.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    try:
        part.hardlink_to(made)
    except OSError:
        shutil.copyfile(made, part)
    part.replace(take)


def make(workshop: Workshop, source: Path, target: Path, *, tight: bool) -> Origin:
    """Make `target` of a sound file, unless it is made of that content already. Raises `BadSound`."""
    try:
        digest = digest_of(source)
    except OSError as error:
        raise BadSound(f"{source}: {error.strerror}") from error
    known = origin(target)
    if known and known.digest == digest and is_made(target):
        return known
    made = workshop.convert(source, target, tight=tight)
    new = Origin(source.name, digest, made.duration_ms, made.gain_db)
    _write(target.with_name(f"{target.name}.json"), msgspec.json.encode(new))
    return new


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)
