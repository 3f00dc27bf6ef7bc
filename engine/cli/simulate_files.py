"""The files that a simulation works from: configured, or those of a folder."""

import wave
from pathlib import Path

from engine.directory.directory import Tenant
from engine.directory.findings import Finding, errors, one_of
from engine.directory.loader import load_directory
from engine.directory.prompt_model import PartValue
from engine.directory.prompts import PromptLibrary, PromptMissing
from engine.scenarios.check import check_scenario
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import load_scenario
from engine.scenarios.model import Scenario
from engine.scenarios.simulate.sound import Lengths, not_made
from engine.settings import Settings, load_settings


class Trouble(Exception):
    """Something is wrong with the files; `lines` tell what."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Files:
    """Tenants and scenarios of `folder`, or of the settings where it is None."""

    def __init__(self, folder: Path | None) -> None:
        self._settings: Settings | None = None
        trunks: set[str] | None = None
        if folder is None:
            self._settings = load_settings()
            self._tenants, self.scenarios = self._settings.tenants_folder, self._settings.scenarios_folder
            trunks = set(self._settings.trunks)
        else:
            self._tenants, self.scenarios = folder / "config" / "tenants", folder / "ivr_scenarios"
            if not self._tenants.is_dir():
                raise Trouble([f"{folder}: no config/tenants in it, expected config/ and ivr_scenarios/"])
        self._directory, self._findings, self._files = load_directory(self._tenants, trunks)

    def scenario(self, wanted: str) -> tuple[Tenant, Scenario, list[Finding]]:
        """The scenario `TENANT/SCENARIO`, its tenant, and the errors of its file.

        Raises `Trouble` where there is none that could be run.
        """
        name, _, scenario = wanted.partition("/")
        if not scenario:
            raise Trouble([f"{wanted}: no scenario is named, expected TENANT/SCENARIO"])
        tenant = self._tenant(name)
        paths = {path.stem: path for path in scenario_files(self.scenarios / name)}
        if scenario not in paths:
            raise Trouble([f"{wanted}: there is no such scenario, expected {one_of(paths, scenario)}"])
        file = load_scenario(paths[scenario], name)
        wrong = errors(check_scenario(file, tenant))
        if file.scenario is None:
            raise Trouble([str(finding) for finding in wrong])
        return tenant, file.scenario, wrong

    def tenant(self, name: str) -> tuple[Tenant, dict[str, Scenario], list[Finding]]:
        """A tenant, those of his scenarios that are right, and the errors of the others. Raises `Trouble`."""
        tenant, right, wrong = self._tenant(name), {}, list[Finding]()
        for path in scenario_files(self.scenarios / name):
            file = load_scenario(path, name)
            found = errors(check_scenario(file, tenant))
            wrong += found
            if file.scenario is not None and not found:
                right[path.stem] = file.scenario
        return tenant, right, wrong

    def lengths(self, tenant: Tenant) -> Lengths:
        """Lengths of the tenant's prompts that were made; of a folder none is known."""
        if self._settings is None:
            return not_made
        library = PromptLibrary(self._settings)

        def length(language: str, part: PartValue) -> float | None:
            try:
                [uri] = library.made(tenant.name, language, part, {})
                with wave.open(uri.removeprefix("sound:") + ".wav", "rb") as file:
                    return file.getnframes() / file.getframerate()
            except (PromptMissing, ValueError, OSError, EOFError, wave.Error):
                return None

        return length

    def _tenant(self, name: str) -> Tenant:
        tenant = self._directory.tenant(name)
        if tenant is not None:
            return tenant
        file = self._tenants / f"{name}.yaml"
        wrong = [finding for finding in errors(self._findings) if finding.file == str(file)]
        if wrong:
            raise Trouble([str(finding) for finding in wrong])
        known = one_of(self._directory.tenants, name)
        raise Trouble([f"{file}: there is no tenant {name}, expected {known}"])
