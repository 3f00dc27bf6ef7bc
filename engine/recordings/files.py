"""Where recordings lie.

Raw files are written by the switch while people talk, two for each part of a call's talk, below
`settings.raw_recordings_folder`; the finished one is `TENANT/YYYY-MM-DD/CALL_ID.wav` below
`settings.recordings_folder`, the date being that of the call's start in UTC. Where recordings are encrypted
(`encryption.py`), `.age` follows.
"""

import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_RAW = re.compile(r"(?P<call>.+)-(?P<part>\d+)-(?:in|out)\.wav")
_NOBODY = "_none"
_NAME = re.compile(r"[\w][\w.+-]*")


class RawNames(NamedTuple):
    """File names below the switch's recording folder."""

    caller: str  # the left side: the outside party, or of two colleagues the one who called
    operator: str  # the right side


def raw_names(call_id: str, part: int) -> RawNames:
    """Names for the raw files of a call's part (1, 2, …; each start of recording is a part)."""
    return RawNames(f"{call_id}-{part}-in.wav", f"{call_id}-{part}-out.wav")


def call_of_raw(name: str) -> str | None:
    """The call that a raw file belongs to, None for a file of another name."""
    match = _RAW.fullmatch(name)
    return match["call"] if match else None


def finished_name(tenant: str, call_id: str, started_at: int, ending: str = "") -> str:
    """Path of the finished recording below the recordings folder; `started_at` in UTC milliseconds. `ending`
    follows `.wav`.

    Raises `ValueError` for a tenant or call id that is no plain file name.
    """
    # A call to a number of no tenant's has the tenant "".
    owner = tenant or _NOBODY
    for part in (owner, call_id):
        if not _NAME.fullmatch(part):
            raise ValueError(f"“{part}” cannot be part of a recording's path")
    day = datetime.fromtimestamp(started_at / 1000, UTC).strftime("%Y-%m-%d")
    return str(PurePosixPath(owner, day, f"{call_id}.wav{ending}"))


def owner_of(path: Path) -> str:
    """The tenant whose folder a finished file lies in."""
    owner = path.parent.parent.name
    return "" if owner == _NOBODY else owner


def below(folder: Path, name: str) -> Path:
    """`folder/name`. Raises `ValueError` when that leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"“{name}” is no path below {folder}")
    return folder / path
