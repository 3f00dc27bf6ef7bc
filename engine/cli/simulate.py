"""`vats simulate`: a call through a scenario, without a switch."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from pydantic import ValidationError
from rich.console import Console

from engine.cli.simulate_files import Files, Trouble
from engine.scenarios.simulate.journey import Journey
from engine.scenarios.simulate.outside import Answer
from engine.scenarios.simulate.people import ANSWERS_AFTER_S
from engine.scenarios.simulate.run import simulate as run
from engine.scenarios.simulate.setting import MESSAGE_S, STRANGER, TALK_S, HangsUp
from engine.scenarios.simulate.sound import Sound
from engine.scenarios.simulate.tests import TESTS_FILE, check_tests, read_tests
from engine.scenarios.simulate.text import Telling, told
from engine.scenarios.simulate.wanted import WrongSetting, setting_of
from engine.scenarios.words import LANGUAGES, Language, reading_language

_OPTIONS = {
    "caller": "--caller",
    "number": "--number",
    "at": "--at",
    "keys": "--keys",
    "people": "--person",
    "answers": "--answer",
    "known": "--known",
}
_SECONDS = click.FloatRange(min=0, max=86_400)


@click.command()
@click.argument("scenario", metavar="TENANT/SCENARIO")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder with config/ and ivr_scenarios/ (default: the configured ones).",
)
@click.option(
    "--caller", default=STRANGER, show_default=True, help='Who calls: a number, an extension, "" (withheld).'
)
@click.option("--number", help="The number that is called (default: the first that leads to the scenario).")
@click.option("--at", help="When, such as 2026-11-23T10:00, in the tenant's time zone (default: now).")
@click.option(
    "--keys",
    default="",
    help='What the caller keys in: "1 w6 101" is a 1 when he is asked, and 6 s later 1 0 1; h hangs up.',
)
@click.option(
    "--person",
    "people",
    multiple=True,
    metavar="WHO=WHAT",
    help="What somebody does when rung: WHO is an extension or number, WHAT answers (default), answers:8 "
    "(after 8 s), no_answer, busy or unavailable; several in turn with commas. May be given often.",
)
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="STEP=JSON",
    help='What a web service answers to a step: lookup={"variables": {"status": "sent"}, "next": "found"}, '
    'or {"error": "…"}. Nothing is ever sent; a step without an answer fails.',
)
@click.option(
    "--known",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is known of the caller: caller.calls=3, caller.last_operator=102, caller.last_call=2 (hours "
    "ago), caller.group=vip, caller.name=…",
)
@click.option(
    "--answer-after",
    type=_SECONDS,
    default=ANSWERS_AFTER_S,
    show_default=True,
    help="Seconds people let it ring.",
)
@click.option("--talk", type=_SECONDS, default=TALK_S, show_default=True, help="Seconds that a talk lasts.")
@click.option(
    "--hangs-up",
    type=click.Choice(["operator", "caller"]),
    default="operator",
    show_default=True,
    help="Who ends a talk.",
)
@click.option(
    "--message",
    type=_SECONDS,
    default=MESSAGE_S,
    show_default=True,
    help="Seconds the caller speaks after the beep; 0: none.",
)
@click.option("--seed", default=0, help="Another number draws other lots where a group's order is random.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="Language of the telling (default: the tenant's)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a step: step, type, exit, heard, at.")
@click.option(
    "--tests", "only_tests", is_flag=True, help="Run the calls of tests.yaml; the argument is TENANT."
)
def simulate(
    scenario: str,
    folder: Path | None,
    caller: str,
    number: str | None,
    at: str | None,
    keys: str,
    people: tuple[str, ...],
    answers: tuple[str, ...],
    known: tuple[str, ...],
    answer_after: float,
    talk: float,
    hangs_up: HangsUp,
    message: float,
    seed: int,
    language: Language | None,
    as_json: bool,
    only_tests: bool,
) -> None:
    """Try a scenario: the way that a call would take, what would be heard, and how it would end.

    \b
    vats simulate romashka/main --at 2026-11-23T10:00 --keys "1" --person 101=no_answer
    vats simulate romashka/main --keys "1 w6 101" --person 101=busy --json
    vats simulate --tests romashka

    No switch is needed, nobody is rung, nothing is sent. The steps are those that real calls take. Keys
    without w are pressed when a prompt that they can answer is over. The exit code is 1 where the scenario
    has errors, a test fails, or the call would never end.
    """
    try:
        files = Files(folder)
        if only_tests:
            sys.exit(_run_tests(files, scenario, as_json))
        tenant, found, wrong = files.scenario(scenario)
        setting = setting_of(
            tenant,
            found,
            caller=caller,
            number=number,
            at=at or f"{datetime.now(ZoneInfo(tenant.timezone)):%Y-%m-%dT%H:%M:%S}",
            keys=keys,
            people=_pairs(people, "--person", "101=no_answer"),
            answers=_answers(answers),
            known=_pairs(known, "--known", "caller.calls=3"),
            answers_after=answer_after,
            talk=talk,
            hangs_up=hangs_up,
            message=message,
            seed=seed,
        )
    except Trouble as error:
        for line in error.lines:
            click.echo(line, err=True)
        sys.exit(1)
    except WrongSetting as error:
        raise click.UsageError(f"{_OPTIONS[error.path[0]]}: {error}") from error
    for finding in wrong:
        click.echo(str(finding), err=True)
    journey = run(tenant, found, setting, Sound(found.folder, files.lengths(tenant)))
    if as_json:
        _print_json(journey)
    else:
        telling = Telling(found, tenant, setting, language or reading_language(tenant.language))
        Console(highlight=False, soft_wrap=False).print(told(journey, telling))
    sys.exit(1 if journey.cut or wrong else 0)


def _print_json(journey: Journey) -> None:
    for taken in journey.steps:
        click.echo(json.dumps(taken.as_dict(), ensure_ascii=False))
        if taken.failed:
            click.echo(f"step {taken.step} failed: {taken.failed}", err=True)
    if journey.cut:
        click.echo(journey.cut, err=True)


def _run_tests(files: Files, name: str, as_json: bool) -> int:
    tenant, scenarios, found = files.tenant(name)
    folder = files.scenarios / name
    read = read_tests(folder)
    if read is None:
        raise Trouble([f"{folder / TESTS_FILE}: there is no such file; it holds the tenant's tests"])
    found += check_tests(folder, tenant, scenarios)
    for finding in found:
        click.echo(
            json.dumps(finding.as_dict(), ensure_ascii=False) if as_json else str(finding), err=not as_json
        )
    if not as_json and not found:
        click.echo(f"{len(read[1].tests) if read[1] else 0} tests, all as expected")
    return 1 if found else 0


def _pairs(written: tuple[str, ...], option: str, example: str) -> dict[str, str]:
    found = {}
    for one in written:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{option}: {one!r} is no pair, expected such as {example}")
        found[name.strip()] = value.strip()
    return found


def _answers(written: tuple[str, ...]) -> Mapping[str, Answer]:
    found = {}
    for step, text in _pairs(written, "--answer", 'lookup={"next": "found"}').items():
        try:
            found[step] = Answer.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            wrong = f"{place}: {first['msg']}" if place else str(first["msg"])
            expected = '{"variables": {…}, "next": "…", "valid": true} or {"error": "…"}'
            raise click.UsageError(f"--answer {step}: {wrong}, expected {expected}") from error
    return found
