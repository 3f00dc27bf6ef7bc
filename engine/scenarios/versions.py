"""What is live, kept on disk: a call finds the version it began with, a restart the last good files.

The folder `VATS_HOME/versions` holds a file a scenario version, `live.json` telling what is live, and
`activations/`, a file for each time that something else went live, until the worker has it in the database.
"""

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog
from pydantic import ValidationError

from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.scenarios.loader import restored, stored
from engine.scenarios.model import Scenario

_LIVE = "live.json"
_ACTIVATIONS = "activations"
_AUTHORS = "authors"

_log = structlog.get_logger(__name__)


class Activation(msgspec.Struct, frozen=True):
    """One moment at which a scenario of a tenant became another. `version` is empty where it went away.

    The same version can be live more than once; `text` is the file as it was written then.
    """

    tenant: str
    scenario: str
    live_at: int  # UTC milliseconds
    version: str
    changed_by: str  # who `vats` was told, or else the file's owner
    cause: str  # saved, apply, rollback to VERSION, removed
    text: str


class LiveScenario(msgspec.Struct, frozen=True):
    """Which version of a scenario is live, since when (UTC milliseconds) and by whom."""

    version: str
    text_digest: str
    live_at: int
    changed_by: str


class Noted(msgspec.Struct, frozen=True):
    """What `live.json` holds."""

    tenants: dict[str, Any] = {}
    scenarios: dict[str, LiveScenario] = {}  # by TENANT/NAME

    def by_key(self) -> dict[tuple[str, str], LiveScenario]:
        """The scenarios by tenant and name."""
        found = {}
        for key, one in self.scenarios.items():
            tenant, _, name = key.partition("/")
            found[tenant, name] = one
        return found


class Author(msgspec.Struct, frozen=True):
    """Who puts a text into a scenario's file, noted before he does."""

    changed_by: str
    cause: str


class Versions:
    """One process writes, the engine; any may read. What it writes is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: set[str] = set()

    def keep(self, scenario: Scenario) -> None:
        """Store a version, once."""
        if scenario.version in self._kept:
            return
        path = self.folder / f"{scenario.version}.json"
        content = stored(scenario)
        try:
            there = path.read_bytes() == content
        except OSError:
            there = False
        if there:
            path.touch()
        else:
            _write(path, content)
        self._kept.add(scenario.version)

    def retire(self, version: str) -> None:
        """Note that a version went out of use just now: from now on it is kept for calls in progress only."""
        self._kept.discard(version)
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.folder / f"{version}.json")

    def scenario(self, version: str) -> Scenario | None:
        """A stored version; None when there is none, or none that is understood any more."""
        if not version.isalnum():
            return None
        try:
            return restored((self.folder / f"{version}.json").read_bytes())
        except (OSError, ValueError, KeyError, msgspec.DecodeError):
            return None

    def keep_live(
        self,
        tenants: Mapping[str, Mapping[str, Any]],
        scenarios: Mapping[tuple[str, str], LiveScenario],
    ) -> None:
        """Note what is live now. `tenants`: contents of the tenants' files, by name."""
        by_name = {f"{tenant}/{name}": one for (tenant, name), one in scenarios.items()}
        _write(self.folder / _LIVE, msgspec.json.encode(Noted(dict(tenants), by_name)))

    def noted(self) -> Noted:
        """What was noted last; nothing where there is no such file, or none that is understood."""
        try:
            return msgspec.json.decode((self.folder / _LIVE).read_bytes(), type=Noted)
        except FileNotFoundError:
            return Noted()
        except (OSError, msgspec.DecodeError) as error:
            _log.error("versions.unreadable", file=str(self.folder / _LIVE), error=str(error))
            return Noted()

    def live(self) -> tuple[dict[str, tuple[Tenant, Mapping[str, Any]]], list[Scenario]]:
        """What was live last: tenants with their files' contents, and scenarios."""
        noted = self.noted()
        tenants = {}
        for name, content in noted.tenants.items():
            try:
                tenants[name] = tenant_of(TenantModel.model_validate(content)), content
            except ValidationError as error:
                _log.error("versions.tenant_not_understood", tenant=name, error=str(error))
        found = (self.scenario(one.version) for one in noted.scenarios.values())
        return tenants, [scenario for scenario in found if scenario is not None]

    def keep_activations(self, activations: Sequence[Activation]) -> None:
        """Note what became live together; all of them or none are there afterwards."""
        if activations:
            name = f"{activations[0].live_at:013d}-{os.getpid()}.json"
            _write(self.folder / _ACTIVATIONS / name, msgspec.json.encode(activations))

    def pending(self) -> dict[Path, list[Activation]]:
        """Activations that are not in the database yet, by their file, the oldest first."""
        found: dict[Path, list[Activation]] = {}
        for path in sorted((self.folder / _ACTIVATIONS).glob("*.json")):
            if path.name.startswith("."):
                continue
            try:
                found[path] = msgspec.json.decode(path.read_bytes(), type=list[Activation])
            except FileNotFoundError:
                continue  # just stored
            except (OSError, msgspec.DecodeError) as error:
                _log.error("activations.unreadable", file=str(path), error=str(error))
        return found

    def note_author(self, tenant: str, scenario: str, text: str, author: Author) -> None:
        """Say whose this text is, before it is put into the scenario's file. Raises `OSError`."""
        _write(self._author(tenant, scenario, text), msgspec.json.encode(author))

    def author(self, tenant: str, scenario: str, text: str) -> Author | None:
        """Who put it there, if that was noted; asked once, for what was noted is then forgotten."""
        path = self._author(tenant, scenario, text)
        try:
            content = path.read_bytes()
            path.unlink(missing_ok=True)
            return msgspec.json.decode(content, type=Author)
        except (OSError, msgspec.DecodeError):
            return None

    def _author(self, tenant: str, scenario: str, text: str) -> Path:
        digest = hashlib.sha256(f"{tenant}/{scenario}\n{text}".encode()).hexdigest()
        return self.folder / _AUTHORS / f"{digest[:32]}.json"


def shown_time(milliseconds: int) -> str:
    """`2026-11-23T10:00:00.123Z`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text_digest(text: bytes) -> str:
    """Tells two texts of a scenario apart."""
    return hashlib.sha256(text).hexdigest()[:16]


def content_digest(content: object) -> str:
    """Tells two contents of a tenant's file apart, however they were written."""
    return text_digest(msgspec.json.encode(content, order="sorted"))


def _write(path: Path, content: bytes) -> None:
    """Complete or not there, also after a power cut: by rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
