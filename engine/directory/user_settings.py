"""What users set for themselves by their telephones: do not disturb, and where their calls are forwarded.

It is read by calls without waiting. Each tenant has a JSON file, written whole before a change counts.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from engine.clock import Clock, SystemClock

Condition = Literal["always", "busy", "no_answer", "unreachable"]
CONDITIONS: tuple[Condition, ...] = ("always", "busy", "no_answer", "unreachable")
NO_ANSWER_S = 20.0
# So many changes a tenant are kept for whoever asks who did what.
CHANGES_KEPT = 500

log = structlog.get_logger(__name__)


class NotKept(Exception):
    """A setting could not be written, and is as it was; the message says why."""


class Forward(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where calls go. `to` is as dialled; `seconds` is how long his telephones ring before, for `no_answer`.

    `confirm`: who answers at an outside number has to press 1.
    """

    to: str
    seconds: float = NO_ANSWER_S
    confirm: bool = True


class Personal(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One user's settings."""

    do_not_disturb: bool = False
    forwards: Mapping[Condition, Forward] = {}


class Change(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`at` in UTC milliseconds; `by`: an extension, or who asked for the operation."""

    at: int
    by: str
    extension: str
    setting: str  # do_not_disturb, forward_always, …
    value: str  # "on", the number, or "" for off


class _File(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    users: dict[str, Personal] = {}
    changes: list[Change] = []


NOTHING_SET = Personal()
Listener = Callable[[str, str, Personal], None]


class UserSettings:
    """Of all tenants. `folder` None: nothing outlives the process. `listeners` are told tenant, extension and
    settings after each change.
    """

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._tenants: dict[str, _File] = {}
        self._broken: set[str] = set()
        self._one_at_a_time = asyncio.Lock()
        self.listeners: list[Listener] = []

    def load(self) -> None:
        """Read all files. One that cannot be read is logged, and its users have set nothing."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.json")):
            try:
                self._tenants[path.stem] = msgspec.json.decode(path.read_bytes(), type=_File)
            except (OSError, msgspec.DecodeError) as error:
                self._broken.add(path.stem)
                log.error(
                    "user_settings.unreadable",
                    path=str(path),
                    cause=str(error),
                    effect="nobody of this tenant has set anything, until it is set anew",
                )

    def of(self, tenant: str, extension: str) -> Personal:
        file = self._tenants.get(tenant)
        return file.users.get(extension, NOTHING_SET) if file else NOTHING_SET

    def wants_quiet(self, tenant: str, extension: str) -> bool:
        """Whether he does not want to be disturbed."""
        return self.of(tenant, extension).do_not_disturb

    def everybody(self) -> list[tuple[str, str, Personal]]:
        """Tenant, extension and settings of all who have set something."""
        return [
            (tenant, extension, personal)
            for tenant, file in self._tenants.items()
            for extension, personal in file.users.items()
            if personal != NOTHING_SET
        ]

    def changes(self, tenant: str, extension: str) -> list[Change]:
        """Who has changed his settings, the last one first."""
        file = self._tenants.get(tenant)
        return [one for one in reversed(file.changes) if one.extension == extension] if file else []

    async def set_do_not_disturb(self, tenant: str, extension: str, on: bool, *, by: str) -> Personal:
        """Raises `NotKept`."""
        return await self._change(tenant, extension, by, {"do_not_disturb": on})

    async def set_forward(
        self, tenant: str, extension: str, condition: Condition, forward: Forward | None, *, by: str
    ) -> Personal:
        """None: no longer. Raises `NotKept`."""
        return await self._change(tenant, extension, by, {condition: forward})

    async def forward_nothing(self, tenant: str, extension: str, *, by: str) -> Personal:
        """Raises `NotKept`."""
        return await self._change(tenant, extension, by, dict.fromkeys(CONDITIONS))

    async def _change(
        self, tenant: str, extension: str, by: str, what: Mapping[str, bool | Forward | None]
    ) -> Personal:
        async with self._one_at_a_time:
            before, file = self.of(tenant, extension), self._tenants.get(tenant) or _File()
            changed, noted = before, list[Change]()
            for name, value in what.items():
                made = _with(changed, name, value)
                if made != changed:
                    setting = name if name == "do_not_disturb" else f"forward_{name}"
                    noted.append(Change(self._clock.wall_ms(), by, extension, setting, _written(value)))
                changed = made
            if not noted:
                return before
            after = _File({**file.users, extension: changed}, [*file.changes, *noted][-CHANGES_KEPT:])
            if changed == NOTHING_SET:
                del after.users[extension]
            await self._keep(tenant, after)
            self._tenants[tenant] = after
        for listener in self.listeners:
            try:
                listener(tenant, extension, changed)
            except Exception:  # a lamp that cannot be lit is no reason to refuse the setting
                log.exception("user_settings.listener_failed", tenant=tenant, extension=extension)
        return changed

    async def _keep(self, tenant: str, file: _File) -> None:
        if self._folder is None:
            return
        path = self._folder / f"{tenant}.json"
        try:
            await asyncio.to_thread(_write, path, msgspec.json.encode(file), tenant in self._broken)
        except OSError as error:
            log.error("user_settings.not_kept", path=str(path), cause=str(error))
            raise NotKept(f"{path}: {error.strerror or error}") from error
        self._broken.discard(tenant)


def nothing_set() -> UserSettings:
    """Of a cell whose users have set nothing, and whose settings end with it."""
    return UserSettings(None, SystemClock())


def _with(personal: Personal, name: str, value: bool | Forward | None) -> Personal:
    if isinstance(value, bool):
        return Personal(value, personal.forwards)
    forwards = {one: forward for one, forward in personal.forwards.items() if one != name}
    if value is not None:
        forwards[name] = value  # type: ignore[index]
    return Personal(personal.do_not_disturb, forwards)


def _written(value: bool | Forward | None) -> str:
    if isinstance(value, Forward):
        return value.to
    return "on" if value else ""


def _write(path: Path, content: bytes, keep_broken: bool) -> None:
    """In one piece, and on the disk when it returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if keep_broken:
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_suffix(".broken"))
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
