"""What can be known to be wrong with a scenario before a caller meets it (F43). One file a kind of check."""

from collections.abc import Callable, Iterable

from engine.directory.directory import Tenant
from engine.directory.finding_codes import CODES
from engine.directory.findings import Finding
from engine.scenarios.check.announcements import check_announcements
from engine.scenarios.check.card_files import check_card_files
from engine.scenarios.check.cases import cases
from engine.scenarios.check.empty import empty
from engine.scenarios.check.ends import ends
from engine.scenarios.check.hold_music import check_music
from engine.scenarios.check.inspection import Inspection
from engine.scenarios.check.loops import loops
from engine.scenarios.check.prompts import prompts
from engine.scenarios.check.reach import unreached
from engine.scenarios.check.references import references
from engine.scenarios.check.remarks import remarks
from engine.scenarios.check.targets import targets
from engine.scenarios.check.tenant_wide import check_numbers, check_unused
from engine.scenarios.check.variables import own_variables, variables
from engine.scenarios.loader import ScenarioFile

__all__ = [
    "Finding",
    "check_announcements",
    "check_card_files",
    "check_music",
    "check_numbers",
    "check_scenario",
    "check_unused",
]

_CHECKS: tuple[Callable[[Inspection], Iterable[Finding]], ...] = (
    targets,
    empty,
    variables,
    own_variables,
    cases,
    prompts,
    references,
    unreached,
    loops,
    ends,
    remarks,
)


def check_scenario(file: ScenarioFile, tenant: Tenant | None) -> list[Finding]:
    """All findings of a scenario file, those of reading it included, in the file's order.

    `tenant` is whose scenario it is; None leaves users, groups and trunks unchecked.
    """
    found = list(file.findings)
    data = file.document.data
    if isinstance(data, dict) and isinstance(data.get("steps"), dict):
        inspection = Inspection.of(file, tenant)
        for check in _CHECKS:
            found += check(inspection)
    found += _wrongly_allowed(file)
    return sorted(dict.fromkeys(file.document.without_allowed(found)))


def _wrongly_allowed(file: ScenarioFile) -> Iterable[Finding]:
    for line, codes in file.document.allowed.items():
        for code in sorted(codes - CODES.keys()):
            message = f"`vats: allow {code}` allows nothing"
            expected = "the code of a warning, see docs/administrators/check.md"
            yield Finding(file.document.file, line, 1, "warning", message, expected, "unknown-code")
