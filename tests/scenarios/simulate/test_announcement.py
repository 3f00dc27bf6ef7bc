"""A simulated caller hears of the recording when a real one would (F01, F43)."""

from pathlib import Path

from engine.directory.loader import load_tenant
from engine.scenarios.loader import load_scenario
from engine.scenarios.simulate import Journey, Setting, simulate
from engine.scenarios.simulate.people import People
from tests.scenarios.simulate.company import TENANT, write
from tests.virtual_time import START_MS

TOLD = "Разговор будет записан."
STEPS = """\
scenario: tried
start: first
steps:
  first: {type: ring, user: "101", after: second}
  second: {type: ring, user: "102"}
"""


def journey(folder: Path, recording: str, users: str = "") -> Journey:
    write(folder, tried=STEPS)
    path = folder / "config" / "tenants" / "acme.yaml"
    path.write_text(TENANT.replace("name: Anna", f"name: Anna{users}") + f"recording: {recording}\n")
    tenant = load_tenant(path).tenant
    scenario = load_scenario(folder / "ivr_scenarios" / "acme" / "tried.yaml").scenario
    assert tenant is not None
    assert scenario is not None
    return simulate(tenant, scenario, Setting(START_MS, people=People({}), talk=5, hangs_up="operator"))


def heard(found: Journey) -> list[list[str]]:
    return [[moment.text for moment in taken.moments if moment.kind == "heard"] for taken in found.steps]


def test_once_before_the_first_who_is_rung(tmp_path: Path) -> None:
    found = journey(tmp_path, "{announce: {text: Разговор будет записан.}}")
    assert heard(found) == [[TOLD], []]
    kinds = [moment.kind for moment in found.steps[0].moments]
    assert kinds.index("heard") < kinds.index("rings")


def test_before_the_first_who_is_recorded(tmp_path: Path) -> None:
    found = journey(tmp_path, "{announce: {text: Разговор будет записан.}}", ", recording: false")
    assert heard(found) == [[], [TOLD]]


def test_never_where_nobody_is_recorded(tmp_path: Path) -> None:
    found = journey(tmp_path, "{announce: {text: Разговор будет записан.}, enabled: false}")
    assert heard(found) == [[], []]
