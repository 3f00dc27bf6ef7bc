"""Putting files of tenants and scenarios in place: checked first, all of them or none (F44)."""

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.directory.findings import Finding
from engine.directory.loader import tenant_files
from engine.scenarios.files import Staged
from engine.scenarios.folder import check_folders
from engine.scenarios.placing_lock import exclusive
from engine.settings import Settings


def check_placed(settings: Settings, files: Mapping[Path, bytes]) -> list[Finding]:
    """What would be wrong of these files, and wrong of their tenants that is not wrong already.

    The configuration of the tenants concerned is put together as it would be, in a folder of its own;
    findings name the files where they are to lie. Raises `OSError`.
    """
    tenants, scenarios = settings.tenants_folder, settings.scenarios_folder
    concerned = {tenant_of(settings, path) for path in files}
    with tempfile.TemporaryDirectory(prefix="vats-apply-") as name:
        folder = Path(name).resolve()
        places = {folder / "tenants": tenants, folder / "scenarios": scenarios}
        for staged in places:
            staged.mkdir()
        for path in tenant_files(tenants) if tenants.is_dir() else ():
            shutil.copy(path, folder / "tenants")
        for tenant in concerned:
            if (scenarios / tenant).is_dir():
                shutil.copytree(scenarios / tenant, folder / "scenarios" / tenant)

        def check() -> list[Finding]:
            both = (folder / "tenants", folder / "scenarios")
            found = check_folders(*both, set(settings.trunks), settings.shared_music_folder)
            named = [_renamed(one, places) for one in found]
            return [one for one in named if tenant_of(settings, Path(one.file)) in concerned]

        before = {(one.file, one.message) for one in check()}
        for path, content in files.items():
            inside = folder / "tenants" if path.is_relative_to(tenants) else folder / "scenarios"
            target = inside / path.relative_to(places[inside])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        given = {str(path) for path in files}
        return [one for one in check() if one.file in given or (one.file, one.message) not in before]


def _renamed(finding: Finding, places: Mapping[Path, Path]) -> Finding:
    def real(text: str) -> str:
        for staged, place in places.items():
            text = text.replace(f"{staged}/", f"{place}/")
        return text

    return replace(
        finding, file=real(finding.file), message=real(finding.message), expected=real(finding.expected)
    )


def place(settings: Settings, files: Mapping[Path, bytes]) -> None:
    """Put all contents in place, or on an error none. The engine sees them at once. Raises `OSError`."""
    with contextlib.ExitStack() as stack:
        staged = [stack.enter_context(Staged(path, content)) for path, content in files.items()]
        stack.enter_context(exclusive(settings))
        placed: list[Staged] = []
        try:
            for one in staged:
                one.put()
                placed.append(one)
        except OSError:
            for one in reversed(placed):
                one.take_back()
            raise


def tenant_of(settings: Settings, path: Path) -> str:
    """Whose file it is, by its place; empty for one that lies elsewhere."""
    if path.is_relative_to(settings.scenarios_folder):
        return path.relative_to(settings.scenarios_folder).parts[0]
    return path.stem if path.parent == settings.tenants_folder else ""
