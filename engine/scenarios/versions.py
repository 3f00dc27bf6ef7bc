"""What is live, kept on disk: a call finds the version it began with, a restart the last good files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from engine.directory.directory import Tenant, tenant_of
from engine.directory.model import TenantModel
from engine.scenarios.loader import restored, stored
from engine.scenarios.model import Scenario

_LIVE = "live.json"


class Versions:
    """The folder `VATS_HOME/versions`: a file a scenario version, and `live.json` telling what is live."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, scenario: Scenario) -> None:
        """Store a version, once."""
        path = self._folder / f"{scenario.version}.json"
        if not path.exists():
            _write(path, stored(scenario))

    def scenario(self, version: str) -> Scenario | None:
        """A stored version; None when there is none, or none that is understood any more."""
        if not version.isalnum():
            return None
        try:
            return restored((self._folder / f"{version}.json").read_bytes())
        except (OSError, ValueError, KeyError, msgspec.DecodeError):
            return None

    def keep_live(self, tenants: Mapping[str, Mapping[str, Any]], scenarios: list[Scenario]) -> None:
        """Note what is live now. `tenants`: contents of the tenants' files, by name."""
        names = {f"{scenario.tenant}/{scenario.name}": scenario.version for scenario in scenarios}
        _write(self._folder / _LIVE, msgspec.json.encode({"tenants": tenants, "scenarios": names}))

    def live(self) -> tuple[dict[str, tuple[Tenant, Mapping[str, Any]]], list[Scenario]]:
        """What was live last: tenants with their files' contents, and scenarios."""
        try:
            noted: dict[str, Any] = msgspec.json.decode((self._folder / _LIVE).read_bytes())
        except (OSError, msgspec.DecodeError):
            return {}, []
        tenants = {}
        for name, content in noted["tenants"].items():
            try:
                tenants[name] = tenant_of(TenantModel.model_validate(content)), content
            except ValidationError:
                continue
        found = (self.scenario(version) for version in noted["scenarios"].values())
        return tenants, [scenario for scenario in found if scenario is not None]


def _write(path: Path, content: bytes) -> None:
    """Complete or not there: by rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
