"""Running the calls of `tests.yaml` beside the scenarios; `vats check` and `vats simulate --tests` do.

A test that fails is an error of the check alone: it never keeps a scenario from going live.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from engine.directory.directory import Tenant
from engine.directory.document import Document, read_document
from engine.directory.findings import Finding, errors, one_of
from engine.scenarios.live import scenario_files
from engine.scenarios.model import Scenario
from engine.scenarios.simulate.expectations import NOBODY, differences
from engine.scenarios.simulate.run import simulate
from engine.scenarios.simulate.setting import Setting
from engine.scenarios.simulate.sound import Sound
from engine.scenarios.simulate.tests_model import TestModel, TestsModel
from engine.scenarios.simulate.virtual_loop import VirtualLoop
from engine.scenarios.simulate.wanted import WrongSetting, setting_of

TESTS_FILE = "tests.yaml"
CODE = "test-failed"


def read_tests(folder: Path) -> tuple[Document, TestsModel | None] | None:
    """The tests of a tenant's scenario folder; None where there is no file, no model where it is wrong."""
    path = folder / TESTS_FILE
    if not path.is_file():
        return None
    document = read_document(path)
    if errors(document.findings):
        return document, None
    try:
        return document, TestsModel.model_validate(document.data)
    except ValidationError as error:
        document.findings += document.explain(error, model=TestsModel)
        return document, None


def check_tests(folder: Path, tenant: Tenant, scenarios: Mapping[str, Scenario]) -> list[Finding]:
    """Findings of `folder/tests.yaml`: mistakes in it, and calls that went another way than it says.

    `scenarios` are those that are right, by name; tests of a file that is wrong are not run, for it has
    findings of its own. Not to be called where an event loop is running.
    """
    read = read_tests(folder)
    if read is None:
        return []
    document, model = read
    found = list(document.findings)
    if model is not None:
        loop, sound = VirtualLoop(), Sound(folder)
        try:
            for index, test in enumerate(model.tests):
                found += _check(document, index, test, tenant, scenarios, folder, sound, loop)
        finally:
            loop.close()
    return sorted(found)


def _check(
    document: Document,
    index: int,
    test: TestModel,
    tenant: Tenant,
    scenarios: Mapping[str, Scenario],
    folder: Path,
    sound: Sound,
    loop: VirtualLoop,
) -> list[Finding]:
    place: tuple[str | int, ...] = ("tests", index)
    title = f"test “{test.name}”"
    scenario = scenarios.get(test.scenario)
    if scenario is None:
        written = [path.stem for path in scenario_files(folder)]
        if test.scenario in written:
            return []
        message, known = f"{title}: there is no scenario {test.scenario}", one_of(written, test.scenario)
        return [document.finding((*place, "scenario"), message, known, code="unknown-scenario")]
    if unknown := _unknown(document, place, test, tenant, scenario):
        return unknown
    try:
        setting = _setting(test, tenant, scenario)
    except WrongSetting as error:
        return [document.finding((*place, *error.path), f"{title}: {error.message}", error.expected)]
    journey = simulate(tenant, scenario, setting, sound, loop)
    return [
        document.finding((*place, "expect", *one.path), f"{title}: {one.message}", one.expected, code=CODE)
        for one in differences(journey, test.expect)
    ]


def _setting(test: TestModel, tenant: Tenant, scenario: Scenario) -> Setting:
    return setting_of(
        tenant,
        scenario,
        caller=test.caller,
        number=test.number,
        at=test.at,
        keys=test.keys,
        people=test.people,
        answers=test.answers,
        known=test.known,
        answers_after=test.answer_after,
        talk=test.talk,
        hangs_up=test.hangs_up,
        message=test.message,
        seed=test.seed,
    )


def _unknown(
    document: Document, place: tuple[str | int, ...], test: TestModel, tenant: Tenant, scenario: Scenario
) -> list[Finding]:
    """Names in `expect` that no call can come to."""
    found = []
    for index, step in enumerate(test.expect.steps or ()):
        if not _can_be_taken(scenario, tenant, step):
            found.append(((*place, "expect", "steps", index), step))
    for step in test.expect.exit_of:
        if not _can_be_taken(scenario, tenant, step):
            found.append(((*place, "expect", "exit_of", step), step))
    findings = [
        document.finding(
            path,
            f"test “{test.name}”: scenario {scenario.name} has no step {step}",
            one_of(scenario.steps, step),
            key="exit_of" in path,
            code="unknown-step",
        )
        for path, step in found
    ]
    with_whom = test.expect.talks_with
    if with_whom and with_whom != NOBODY and not with_whom.startswith("+") and with_whom not in tenant.users:
        path = (*place, "expect", "talks_with")
        expected = one_of([*tenant.users, NOBODY], with_whom)
        message = f"test “{test.name}”: there is no user {with_whom}"
        findings.append(document.finding(path, message, expected, code="unknown-user"))
    return findings


def _can_be_taken(scenario: Scenario, tenant: Tenant, step: str) -> bool:
    menu, _, extension = step.partition("/")
    return step.startswith("@") or (menu in scenario.steps and (not extension or extension in tenant.users))
