"""Who rings for a city number while the engine is away: `VATS_HOME/run/fallback.json`, the last good state.

The engine writes it whenever the configuration changes; AstDB holds each number's first dial string too.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from engine.directory.directory import Directory, Tenant
from engine.directory.routes import own_number, ways_to_emergency
from engine.journal.base import MeterFrom

_MOST_NEXT = 5  # users rung when the first ones do not answer
_log = structlog.get_logger(__name__)


class FallbackTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """`dial` is rung first; then, one after the other, the dial strings of `then`.

    `meter_from` and `kopecks_per_minute` are the tenant's tariff, for the call's record. `caller_id` is shown
    outside, by a user's call to an emergency number.
    """

    tenant: str
    users: list[str] = []
    dial: str = ""
    then: list[str] = []
    meter_from: MeterFrom = "operator"
    kopecks_per_minute: int = 0
    caller_id: str = ""


class Tariff(NamedTuple):
    """What a call is charged by."""

    meter_from: MeterFrom = "operator"
    kopecks_per_minute: int = 0


def emergency_key(tenant: str, dialled: str) -> str:
    """Under which what a tenant's users dial for help lies among the numbers."""
    return f"{tenant}/{dialled}"


def fallback_targets(directory: Directory, trunks: Collection[str] = ()) -> dict[str, FallbackTarget]:
    """For every city number its tenant's desk, then some of its other users, all at once; and for every
    emergency number of a tenant who has a number to show (`emergency_key`) his trunks, one after another,
    then the others of the platform's `trunks`.
    """
    found = {}
    for tenant in directory.tenants.values():
        desk = tenant.desk_users()
        others = [extension for extension in tenant.users if extension not in desk][:_MOST_NEXT]
        then = [_dial(tenant, others)] if others else []
        for number in tenant.numbers:
            found[number] = FallbackTarget(
                tenant.name,
                desk,
                _dial(tenant, desk),
                then,
                tenant.tariff.meter_from,
                tenant.tariff.per_minute,
            )
        for dialled, sent in tenant.emergency.items():
            ways = [f"PJSIP/{way.number}@{way.trunk}" for way in ways_to_emergency(tenant, sent, trunks)]
            shown = own_number(tenant)
            if ways and shown:
                found[emergency_key(tenant.name, dialled)] = FallbackTarget(
                    tenant.name, dial=ways[0], then=ways[1:], caller_id=shown
                )
    return found


def write_targets(path: Path, targets: Mapping[str, FallbackTarget]) -> None:
    """Replace the file at once. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(targets), indent=1))
    part.replace(path)


class TargetFile:
    """The file as it is now; while it is missing or unreadable, as it was last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = (0, 0)
        self._targets: dict[str, FallbackTarget] | None = None

    def find(self, number: str) -> FallbackTarget | None:
        """None for a number that nobody owns. Raises `LookupError` when there is nothing to look it up in."""
        targets = self._read()
        if targets is None:
            raise LookupError(f"{self._path}: no fallback targets; the engine writes them when it starts")
        return targets.get(number)

    def tenants(self) -> set[str]:
        return {target.tenant for target in (self._read() or {}).values()}

    def tariff(self, tenant: str) -> Tariff:
        """What this tenant's calls are charged by; nothing for a tenant without a city number."""
        for target in (self._read() or {}).values():
            if target.tenant == tenant and not target.caller_id:
                return Tariff(target.meter_from, target.kopecks_per_minute)
        return Tariff()

    def _read(self) -> dict[str, FallbackTarget] | None:
        try:
            status = self._path.stat()
            if (version := (status.st_ino, status.st_mtime_ns)) != self._version:
                content = self._path.read_bytes()
                self._targets = msgspec.json.decode(content, type=dict[str, FallbackTarget])
                self._version = version
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            _log.error("fallback.targets_unreadable", path=str(self._path), error=str(error))
        return self._targets


def _dial(tenant: Tenant, extensions: list[str]) -> str:
    return "&".join(endpoint for extension in extensions for endpoint in tenant.users[extension].endpoints())
