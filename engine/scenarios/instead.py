"""What calls take instead of a file that is wrong (F44)."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.directory.findings import Finding, errors
from engine.scenarios.versions import LiveScenario, Noted, Versions, shown_time
from engine.settings import Settings


def instead(
    settings: Settings,
    file: Path,
    scenarios: Mapping[tuple[str, str], LiveScenario],
    tenants: Iterable[str],
) -> str:
    """In words; empty where nothing is live in its place. `scenarios` and `tenants`: the live ones."""
    if file.parent == settings.tenants_folder:
        return f"tenant {file.stem} stays as the file was before" if file.stem in tenants else ""
    if file.parent.parent != settings.scenarios_folder:
        return ""
    live = scenarios.get((file.parent.name, file.stem))
    return f"version {live.version}, live since {shown_time(live.live_at)}, stays live" if live else ""


def outdated(settings: Settings, findings: Iterable[Finding]) -> list[str]:
    """A line for each wrong file of the configuration that something older is live instead of."""
    noted: Noted = Versions(settings.versions_folder).noted()
    by_key = noted.by_key()
    wrong = dict.fromkeys(Path(finding.file).resolve() for finding in errors(findings))
    told = ((file, instead(settings, file, by_key, noted.tenants)) for file in wrong)
    return [f"{file}: {what}" for file, what in told if what]
