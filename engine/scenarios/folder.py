"""Checking files on the command line: a scenario, a tenant, its scenarios, or a whole configuration."""

from collections.abc import Collection, Iterable
from pathlib import Path

from engine.directory.directory import Tenant
from engine.directory.document import read_document
from engine.directory.findings import Finding, errors
from engine.directory.loader import TenantFile, load_directory, load_tenant, misnamed
from engine.directory.schedules.files import HOLIDAYS, load_holidays
from engine.scenarios.check import (
    check_announcements,
    check_card_files,
    check_music,
    check_numbers,
    check_scenario,
    check_unused,
)
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import ScenarioFile, load_scenario
from engine.scenarios.simulate.tests import TESTS_FILE, check_tests


class NothingToCheck(Exception):
    """The path holds nothing that can be checked; the message says what was expected."""


def check_path(
    path: Path, tenants: Path, trunks: Collection[str] | None, music: Path | None = None
) -> list[Finding]:
    """Findings of a scenario file, a tenant file, a folder of scenarios, the `tests.yaml` in it, or a
    folder with `config/tenants` and `ivr_scenarios`.

    `tenants` is the folder of tenant files that a scenario's tenant is looked up in, unless the scenario lies
    in a configuration of its own; `music` that of shared hold music, the same way. None: it is not checked.

    Raises `NothingToCheck`.
    """
    if path.is_dir():
        folder = path / "config" / "tenants"
        if folder.is_dir():
            return check_folders(folder, path / "ivr_scenarios", trunks, path / "config" / "music")
        if scenario_files(path):
            return _check_scenarios(path, _tenant_of(path, tenants, trunks))
        raise NothingToCheck(f"{path}: no config/tenants in it, expected config/ and ivr_scenarios/")
    if not path.exists():
        raise NothingToCheck(f"{path}: no such file or folder")
    if path.name == TESTS_FILE:
        found = _check_scenarios(path.parent, _tenant_of(path.parent, tenants, trunks))
        return [one for one in found if one.file == str(path)]
    if path.resolve().parent.name == HOLIDAYS:
        return [one for one in load_holidays(path.parent).findings if one.file == str(path)]
    data = read_document(path).data
    if isinstance(data, dict) and ("tenant" in data or "users" in data) and "steps" not in data:
        return _check_tenant(path, trunks, music)
    file, scenario = _tenant_of(path.parent, tenants, trunks), load_scenario(path)
    return sorted([*check_scenario(scenario, file.tenant if file else None), *_unchecked(scenario, file)])


def _unchecked(scenario: ScenarioFile, file: TenantFile | None) -> list[Finding]:
    """Where the tenant is wrong or not known, nothing is known of its people."""
    if file is not None and file.tenant is not None:
        return []
    if not any(any(step.references()) for step in scenario.steps.values()):
        return []
    why = f"{file.document.file} is wrong" if file else f"there is no file of tenant {scenario.tenant}"
    message = f"people, groups, queues and schedules are not checked: {why}"
    return [Finding(str(scenario.path), 1, 1, "warning", message, "", "not-checked")]


def check_folders(
    tenants: Path, scenarios: Path, trunks: Collection[str] | None, music: Path | None = None
) -> list[Finding]:
    """Findings of all tenants' files, all their scenarios and the tests of these; `music` holds the shared
    hold music, None leaves it unchecked.
    """
    directory, findings, files = load_directory(tenants, trunks)
    for file in files:
        name = Path(file.document.file).stem
        findings += _of_tenant(file, scenarios / name, directory.tenant(name))
        findings += check_music(file, music)
    known = {Path(file.document.file).stem for file in files}
    for folder in sorted(scenarios.iterdir()) if scenarios.is_dir() else ():
        if folder.is_dir() and folder.name not in known and (paths := scenario_files(folder)):
            message = f"there is no tenant {folder.name}"
            expected = f"{tenants / folder.name}.yaml"
            findings.append(Finding(str(paths[0]), 1, 1, "error", message, expected, "unknown-tenant"))
    return sorted(set(findings))


def _of_tenant(file: TenantFile, folder: Path, tenant: Tenant | None) -> list[Finding]:
    """What is wrong with a tenant's scenarios, and with the tenant as a whole."""
    scenarios = [load_scenario(path, folder.name) for path in scenario_files(folder)]
    found = check_numbers(file, [scenario.name for scenario in scenarios])
    found += check_announcements(file, folder) + check_card_files(file, folder)
    found += check_unused(file, scenarios, folder)
    found += misnamed(folder)
    return found + _of_scenarios(scenarios, folder, tenant)


def _of_scenarios(scenarios: Iterable[ScenarioFile], folder: Path, tenant: Tenant | None) -> list[Finding]:
    right, found = {}, []
    for file in scenarios:
        said = check_scenario(file, tenant)
        found += said
        if file.scenario is not None and not errors(said):
            right[file.name] = file.scenario
    if tenant is not None:
        found += check_tests(folder, tenant, right)
    return found


def _check_scenarios(folder: Path, file: TenantFile | None) -> list[Finding]:
    scenarios = [load_scenario(path) for path in scenario_files(folder)]
    found = _of_scenarios(scenarios, folder, file.tenant if file else None)
    return sorted({*found, *misnamed(folder)})


def _check_tenant(path: Path, trunks: Collection[str] | None, music: Path | None) -> list[Finding]:
    file = load_tenant(path, trunks)
    # `ivr_scenarios` of the configuration that the tenant's file lies in.
    folder = path.resolve().parent.parent.parent / "ivr_scenarios" / path.stem
    found = [*file.findings, *check_music(file, music)]
    if folder.is_dir():
        found += check_numbers(file, [scenario.stem for scenario in scenario_files(folder)])
        found += check_announcements(file, folder)
    found += check_card_files(file, folder)
    return sorted(found)


def _tenant_of(folder: Path, tenants: Path, trunks: Collection[str] | None) -> TenantFile | None:
    """The file of the tenant whose scenarios lie in the folder."""
    resolved = folder.resolve()
    for place in (resolved.parent.parent / "config" / "tenants", tenants):
        candidate = place / f"{resolved.name}.yaml"
        if candidate.is_file():
            return load_tenant(candidate, trunks)
    return None
