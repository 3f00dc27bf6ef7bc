"""Checking files on the command line: a scenario, a tenant, or a whole configuration."""

from collections.abc import Collection
from pathlib import Path

from engine.directory.directory import Tenant
from engine.directory.document import read_document
from engine.directory.findings import Finding
from engine.directory.loader import load_directory, load_tenant, misnamed
from engine.scenarios.check import check_numbers, check_scenario
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import load_scenario


class NothingToCheck(Exception):
    """The path holds nothing that can be checked; the message says what was expected."""


def check_path(path: Path, tenants: Path, trunks: Collection[str] | None) -> list[Finding]:
    """Findings of a scenario file, a tenant file, or a folder with `config/tenants` and `ivr_scenarios`.

    `tenants` is the folder of tenant files that a single scenario's tenant is looked up in, unless the
    scenario lies in a configuration of its own. Raises `NothingToCheck`.
    """
    if path.is_dir():
        folder = path / "config" / "tenants"
        if not folder.is_dir():
            raise NothingToCheck(f"{path}: no config/tenants in it, expected config/ and ivr_scenarios/")
        return check_folders(folder, path / "ivr_scenarios", trunks)
    if not path.exists():
        raise NothingToCheck(f"{path}: no such file or folder")
    data = read_document(path).data
    if isinstance(data, dict) and ("tenant" in data or "users" in data) and "steps" not in data:
        return _check_tenant(path, trunks)
    return _check_scenario(path, tenants)


def check_folders(tenants: Path, scenarios: Path, trunks: Collection[str] | None) -> list[Finding]:
    """Findings of all tenants' files and all their scenarios."""
    directory, findings, files = load_directory(tenants, trunks)
    for file in files:
        name = Path(file.document.file).stem
        paths = scenario_files(scenarios / name)
        findings += check_numbers(file, [path.stem for path in paths])
        findings += misnamed(scenarios / name)
        for path in paths:
            findings += check_scenario(load_scenario(path, name), directory.tenant(name))
    known = {Path(file.document.file).stem for file in files}
    for folder in sorted(scenarios.iterdir()) if scenarios.is_dir() else ():
        if folder.is_dir() and folder.name not in known and (paths := scenario_files(folder)):
            message = f"there is no tenant {folder.name}"
            expected = f"{tenants / folder.name}.yaml"
            findings.append(Finding(str(paths[0]), 1, 1, "error", message, expected))
    return sorted(set(findings))


def _check_tenant(path: Path, trunks: Collection[str] | None) -> list[Finding]:
    file = load_tenant(path, trunks)
    folder = _scenarios_beside(path.resolve()) / path.stem
    found = list(file.findings)
    if folder.is_dir():
        found += check_numbers(file, [scenario.stem for scenario in scenario_files(folder)])
    return sorted(found)


def _check_scenario(path: Path, tenants: Path) -> list[Finding]:
    resolved = path.resolve()
    own = resolved.parent.parent.parent / "config" / "tenants"
    name = resolved.parent.name
    for folder in (own, tenants):
        candidate = folder / f"{name}.yaml"
        if candidate.is_file():
            return check_scenario(load_scenario(path, name), load_tenant(candidate).tenant)
    no_tenant: Tenant | None = None
    return check_scenario(load_scenario(path, name), no_tenant)


def _scenarios_beside(tenant_file: Path) -> Path:
    """`ivr_scenarios` of the configuration that the tenant's file lies in."""
    return tenant_file.parent.parent.parent / "ivr_scenarios"
