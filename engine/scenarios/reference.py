"""The administrators' reference of the three kinds of file, made from the models.

`python -m engine.scenarios.reference FOLDER` writes it, with the JSON Schemas, into a folder.
"""

import json
import sys
from collections.abc import Iterator
from inspect import get_annotations
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.directory.document import parse_document
from engine.directory.model import TenantModel
from engine.scenarios.check.guide import check_guide
from engine.scenarios.examples import EXAMPLES
from engine.scenarios.model import ScenarioModel, StepModel
from engine.scenarios.schema import scenario_schema, tenant_schema, tests_schema
from engine.scenarios.simulate.tests_model import TestsModel
from engine.scenarios.steps import STEP_TYPES
from engine.scenarios.variables import CALL_VARIABLES, Variable

_TENANT_HEAD = """\
# Tenant files

`config/tenants/NAME.yaml` is one customer company. `vats check` tells what is wrong with it; a file that is
right takes effect within a second of being saved, a wrong one changes nothing. This page is made from the
models by `python -m engine.scenarios.reference docs/administrators`; for editors there is
[tenant.schema.json](tenant.schema.json).

Durations are `500ms`, `20s`, `5m`, `2h` or `180d`, money is roubles as text (`"1.50"`), telephone numbers
have their country code and quotes (`"+74951234567"`).
"""

_SCENARIO_HEAD = """\
# Scenario files

`ivr_scenarios/TENANT/NAME.yaml` is what callers meet. `vats check` tells what is wrong with it; a file
that is right takes effect on new calls within a second of being saved, calls in progress keep the version
they began with, a wrong file changes nothing. This page is made from the models by
`python -m engine.scenarios.reference docs/administrators`; for editors there is
[scenario.schema.json](scenario.schema.json).
"""

_TESTS_HEAD = """\
# Tests of scenarios

`ivr_scenarios/TENANT/tests.yaml` holds calls that `vats check` and `vats simulate --tests TENANT` try without
a switch; [simulating.md](simulating.md) tells how. A test that fails, or a wrong file of tests, is an error
of the check and keeps nothing from going live. This page is made from the models by
`python -m engine.scenarios.reference docs/administrators`; for editors there is
[tests.schema.json](tests.schema.json).
"""

_PROMPTS = """\
## Prompts

A prompt is a name, a text, a value, or a list of these:

- `welcome` is the sound file `prompts/welcome.wav` (or .mp3, .ogg, .m4a, .flac) beside the scenario, or one
  of the built-in texts.
- `{text: "Здравствуйте!"}` is made into speech before the scenario goes live; with a variable of the call in
  it, in the call.
- `{say: digits, value: "{caller.number}"}` reads a value out: number, digits, ticket, date, time, duration,
  money, phone or text; `unit: minutes` makes it “двадцать одна минута”.

More about recordings, texts, values and voices: [prompts.md](prompts.md).

## Variables

`{name}` in a text, a value, a number to dial, or a condition stands for a variable of the call; one that is
not set is empty. Each has a type, which tells how it can be said and compared ([check.md](check.md)).

| variable | type | what it holds | set by |
|---|---|---|---|
"""

_OWN_VARIABLES = """\
Besides, `set` gives any name the type of its value (text that is written like one is a phone, digits, number,
date or time), `input` sets its `variable` to digits, `request` sets its `variables` with the types that are
given there, and `survey` sets `{rating.NAME}`, a number, for each question.
"""

_ERRORS = """\
## When a step fails

A step that cannot do its work (a prompt that is gone, a number that is none) takes its `on_error` step, else
the tenant's desk rings, else the caller is told that the line is out of service and the call ends. He never
waits in silence. Steps that lead to one another without a second passing or a key pressed are stopped the
same way.
"""


def tenant_reference() -> str:
    """Markdown about tenant files."""
    lines = [_TENANT_HEAD, *_table(TenantModel)]
    for model in dict.fromkeys(_inner_models(TenantModel)):
        names = ", ".join(f"`{name}`" for name in _users_of(TenantModel, model))
        lines += ["", f"## {names}", "", _about(model), "", *_table(model)]
    return "\n".join(lines) + "\n"


def scenario_reference() -> str:
    """Markdown about scenario files."""
    lines = [_SCENARIO_HEAD, *_table(ScenarioModel), "", _PROMPTS.rstrip()]
    lines += [*_variables(), "", _OWN_VARIABLES, _ERRORS, "## Steps"]
    for name, step in STEP_TYPES.items():
        lines += ["", f"### `{name}`", "", _about(step), "", *_example(name), *_table(step)]
        for model in dict.fromkeys(_inner_models(step)):
            if not issubclass(model, StepModel) and "prompt" not in model.__name__.lower():
                lines += ["", f"`{model.__name__.lower()}`: {_about(model)}", "", *_table(model)]
    return "\n".join(lines) + "\n"


def tests_reference() -> str:
    """Markdown about files of tests."""
    lines = [_TESTS_HEAD]
    for model in dict.fromkeys(_inner_models(TestsModel)):
        names = ", ".join(f"`{name}`" for name in _users_of(TestsModel, model))
        lines += [f"## {names}", "", _about(model), "", *_table(model), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _example(kind: str) -> Iterator[str]:
    if kind in EXAMPLES:
        yield from ("```yaml", EXAMPLES[kind].rstrip(), "```", "")


def example(kind: str) -> StepModel:
    """The step that the reference shows of a type."""
    (content,) = parse_document(EXAMPLES[kind], kind).data.values()
    return STEP_TYPES[kind].model_validate(content)


def _variables() -> Iterator[str]:
    """Of every call, and those that steps set under names of their own choice."""
    setters: dict[str, list[str]] = {}
    others: dict[str, Variable] = {}
    for kind in STEP_TYPES:
        step = example(kind)
        for variable in step.sets():
            if not _is_chosen(step, variable):
                setters.setdefault(variable.name, []).append(f"`{kind}`")
                others.setdefault(variable.name, variable)
    for name, variable in {**CALL_VARIABLES, **others}.items():
        by = ", ".join(setters.get(name, ())) or "every call"
        yield f"| `{{{name}}}` | {variable.type} | {variable.about} | {by} |"


def _is_chosen(step: StepModel, variable: Variable) -> bool:
    """Whether the step's author gave the variable its name."""
    own = step.model_dump()
    chosen = (*(own.get("variables") or ()), own.get("variable"))
    return variable.name in chosen or variable.name.startswith("rating.")


def _about(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| name | default | what it is |"
    yield "|---|---|---|"
    own = get_annotations(model)
    # What steps share comes last, and last of all what every step has.
    fields = sorted(model.model_fields.items(), key=lambda item: (item[0] not in own, item[0] == "on_error"))
    for name, field in fields:
        if name != "type":
            yield f"| `{field.alias or name}` | {_default(field)} | {field.description or ''} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ("", [], {}, ()):
        return ""
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, float):
        return _seconds(value)
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace('"', "")


def _seconds(value: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if value >= size and value % size == 0:
            return f"`{int(value // size)}{unit}`"
    return f"`{value:g}s`"


def _inner_models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            yield inner
            yield from _inner_models(inner)


def _users_of(model: type[BaseModel], wanted: type[BaseModel]) -> Iterator[str]:
    """Names under which a model is found in another, `queues.announce`."""
    for name, field in model.model_fields.items():
        for inner in _models_in(field.annotation):
            if inner is wanted:
                yield name
            else:
                yield from (f"{name}.{below}" for below in _users_of(inner, wanted))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (list, dict, tuple, Union, UnionType, Annotated):
        for argument in get_args(annotation):
            yield from _models_in(argument)


def write(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_text(content)


def files() -> dict[str, str]:
    """The files by name."""
    return {
        "check.md": check_guide(),
        "tenant-reference.md": tenant_reference(),
        "scenario-reference.md": scenario_reference(),
        "tests-reference.md": tests_reference(),
        "tenant.schema.json": json.dumps(tenant_schema(), ensure_ascii=False, indent=1) + "\n",
        "scenario.schema.json": json.dumps(scenario_schema(), ensure_ascii=False, indent=1) + "\n",
        "tests.schema.json": json.dumps(tests_schema(), ensure_ascii=False, indent=1) + "\n",
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m engine.scenarios.reference FOLDER")
    write(Path(sys.argv[1]))
