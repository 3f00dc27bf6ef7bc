"""Where a simulated call went another way than was expected, told in a line each."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from engine.scenarios.simulate.journey import Journey, Moment
from engine.scenarios.simulate.tests_model import ExpectModel

NOBODY = "nobody"
_LONGEST_WAY = 8
_MOST_TOLD = 3


class Difference(NamedTuple):
    """`path` is below `expect`; `message` says what happened, `expected` what should have."""

    path: tuple[str | int, ...]
    message: str
    expected: str


def differences(journey: Journey, expect: ExpectModel) -> list[Difference]:
    """Empty where all is as expected."""
    return list(_differences(journey, expect))


def _differences(journey: Journey, expect: ExpectModel) -> Iterator[Difference]:
    if expect.steps is not None and tuple(journey.way) != expect.steps:
        yield Difference(("steps",), *_ways(journey, expect.steps))
    for step, exits in expect.exit_of.items():
        visits = [taken for taken in journey.steps if taken.step == step]
        found = tuple(str(taken.exit) for taken in visits)
        if found[-len(exits) :] != exits:
            how = f"{step} was left by {', '.join(found)}" if found else f"the call never came to {step}"
            failed = next((f" ({taken.failed})" for taken in visits if taken.failed), "")
            yield Difference(("exit_of", step), how + failed, ", ".join(exits))
    yield from _heard(journey, expect)
    with_whom = journey.record.operator or NOBODY
    if expect.talks_with is not None and expect.talks_with != with_whom:
        talked = f"{with_whom} talked with the caller"
        yield Difference(("talks_with",), f"{talked}{_rung(journey)}", expect.talks_with)
    if expect.ends is not None and expect.ends not in journey.ends:
        ended = journey.cut or f"it was ended by {journey.record.ended_by}"
        yield Difference(("ends",), ended, expect.ends)
    if expect.disposition is not None and expect.disposition != journey.record.disposition:
        said = f"the record would say {journey.record.disposition}"
        yield Difference(("disposition",), said, expect.disposition)
    for name, value in expect.variables.items():
        found_value = _plain(journey.variables.get(name))
        if found_value != _plain(value):
            is_set = f"is {found_value or 'empty'}" if name in journey.variables else "was never set"
            yield Difference(("variables", name), f"{name} {is_set}", _plain(value) or "empty")


def _ways(journey: Journey, wanted: Sequence[str]) -> tuple[str, str]:
    """Both ways from a little before they part."""
    way = journey.way
    same = next(
        (index for index, (one, other) in enumerate(zip(way, wanted, strict=False)) if one != other),
        min(len(way), len(wanted)),
    )
    begin = max(0, same - 2) if max(len(way), len(wanted)) > _LONGEST_WAY else 0
    failed = next((f" ({taken.step} failed: {taken.failed})" for taken in journey.steps if taken.failed), "")
    return f"it went {_way(way, begin)}{failed}", _way(wanted, begin)


def _way(steps: Sequence[str], begin: int) -> str:
    shown = list(islice(steps, begin, begin + _LONGEST_WAY))
    before = ["…"] if begin else []
    after = ["…"] if begin + len(shown) < len(steps) else ["(end)"]
    return " → ".join(before + shown + after)


def _heard(journey: Journey, expect: ExpectModel) -> Iterator[Difference]:
    heard = [moment for taken in journey.steps for moment in taken.moments if moment.kind == "heard"]
    begin = 0
    for index, wanted in enumerate(expect.heard):
        place = next((at for at in range(begin, len(heard)) if _says(heard[at], wanted)), None)
        if place is None:
            yield Difference(("heard", index), f"heard was {_told(heard[begin:])}", f"“{wanted}”")
            break
        begin = place + 1
    for index, wanted in enumerate(expect.not_heard):
        if any(_says(moment, wanted) for moment in heard):
            yield Difference(("not_heard", index), f"“{wanted}” was heard", "that it is not")


def _says(moment: Moment, wanted: str) -> bool:
    said = f"{moment.text}\n{moment.words}".casefold()
    return wanted == moment.text or (" ".join(wanted.split()).casefold() in " ".join(said.split()))


def _told(heard: Sequence[Moment]) -> str:
    if not heard:
        return "nothing more"
    texts = [f"“{one.text if len(one.text) <= 40 else one.text[:39] + '…'}”" for one in heard[:_MOST_TOLD]]
    return ", ".join(texts) + (" …" if len(heard) > _MOST_TOLD else "")


def _rung(journey: Journey) -> str:
    outcomes = [
        f"{moment.text} {moment.words}"
        for taken in journey.steps
        for moment in taken.moments
        if moment.kind == "outcome"
    ]
    return f" ({', '.join(outcomes)})" if outcomes else ""


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
