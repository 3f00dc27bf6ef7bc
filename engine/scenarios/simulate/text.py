"""A simulated call as an administrator reads it: what happened when, in the words of drawings and pages."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.directory.directory import Tenant
from engine.scenarios.model import Scenario, StepModel
from engine.scenarios.simulate.ending import ending
from engine.scenarios.simulate.journey import Journey, Moment, StepTaken
from engine.scenarios.simulate.setting import Setting
from engine.scenarios.words import Language, exit_words, kind_words, road_words, step_words
from engine.scenarios.words.language import count, duration, pick, telephone
from engine.scenarios.words.people import person
from engine.scenarios.words.spoken import quoted

_LONGEST_TURN = 12
_FEW_TURNS = 3
_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_OUTCOMES = {
    "no_answer": ("не отвечает", "no answer"),
    "busy": ("занято", "busy"),
    "unavailable": ("недоступен", "unavailable"),
    "failed": ("не дозвониться", "failed"),
}


class Telling(NamedTuple):
    """Whose call is told, and in which language."""

    scenario: Scenario
    tenant: Tenant
    setting: Setting
    language: Language

    def pick(self, russian: str, english: str) -> str:
        return pick(self.language, russian, english)

    def who(self, number: str) -> str:
        """`Анна Иванова (101)`, `8 (916) 123-45-67`."""
        name = person(number, self.tenant)
        return telephone(number, self.tenant.country) if name == number else f"{name} ({number})"

    def length(self, seconds: float) -> str:
        return duration(round(seconds, 1) if seconds < 60 else round(seconds), self.language)


def told(journey: Journey, telling: Telling) -> RenderableType:
    """All of it, to be printed by a rich console."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    steps, position = journey.steps, 0
    while position < len(steps):
        size, turns = _turns(steps, position)
        for taken in steps[position : position + size]:
            grid.add_row(_clock(taken.at), taken.step, Group(*_step(taken, telling)))
        if turns > 1:
            grid.add_row("…", "", Text(_again(size, turns - 1, telling), style="yellow"))
        position += size * turns
    return Group(_head(telling), Text(), grid, Text(), *ending(journey, telling))


def _head(telling: Telling) -> Text:
    setting, tenant = telling.setting, telling.tenant
    caller = telling.who(setting.caller) if setting.caller else telling.pick("номер скрыт", "withheld")
    if (name := tenant.name_of(setting.caller)) and setting.caller not in tenant.users:
        caller += f" ({name})"
    at = datetime.fromtimestamp(setting.at / 1000, UTC).astimezone(ZoneInfo(tenant.timezone))
    day = telling.pick(_DAYS[at.weekday()], f"{at:%a}")
    number = telephone(setting.number, tenant.country)
    to = telling.pick(f" на {number}", f" to {number}") if number else ""
    text = Text(f"{tenant.name}/{telling.scenario.name}", style="bold")
    when = f"{day} {at:%d.%m.%Y %H:%M}" if telling.language == "ru" else f"{day} {at:%Y-%m-%d %H:%M}"
    return text.append(
        f"  {telling.pick('звонит', 'caller')} {caller}{to}, {when}, {tenant.timezone}", style="not bold"
    )


def _step(taken: StepTaken, telling: Telling) -> Iterator[Text]:
    yield Text(_title(taken, telling))
    keys: list[str] = []
    for moment in taken.moments:
        if moment.kind == "key":
            keys.append(moment.text)
            continue
        yield from _keyed(keys, telling)
        yield from _moment(moment, telling)
    yield from _keyed(keys, telling)
    if taken.failed:
        yield Text(f"✗ {taken.failed}", style="red")
    elif taken.exit is None:
        yield Text(telling.pick("звонящий кладёт трубку", "the caller hangs up"), style="yellow")
    else:
        step = telling.scenario.steps.get(taken.step)
        words = exit_words(step or taken.type, taken.exit, telling.language, telling.tenant)
        yield Text(f"→ {words}" if words else "→", style="green")


def _title(taken: StepTaken, telling: Telling) -> str:
    step: StepModel | None = telling.scenario.steps.get(taken.step)
    if step is not None:
        return step_words(step, telling.language, telling.tenant)
    if taken.step.startswith("@"):
        return road_words(taken.step, telling.language, telling.tenant)
    extension = taken.step.partition("/")[2]
    return f"{kind_words(taken.type, telling.language)}: {telling.who(extension)}"


def _keyed(keys: list[str], telling: Telling) -> Iterator[Text]:
    if keys:
        yield Text(f"{telling.pick('нажимает', 'keys')} {' '.join(keys)}", style="cyan")
        keys.clear()


def _moment(moment: Moment, telling: Telling) -> Iterator[Text]:
    seconds = telling.length(moment.seconds or 0.0)
    match moment.kind:
        case "heard":
            yield _heard(moment, seconds, telling)
        case "rings":
            people = ", ".join(telling.who(one) for one in moment.text.split(", "))
            yield Text(f"{telling.pick('звонит телефон', 'rings')}: {people}")
        case "outcome":
            outcome = telling.pick(*_OUTCOMES.get(moment.words, (moment.words, moment.words)))
            yield Text(f"{telling.who(moment.text)}: {outcome}")
        case "talks":
            yield Text(f"{telling.pick('разговор', 'talk')}: {telling.who(moment.text)}", style="bold green")
        case "talked":
            by = telling.pick(
                *(("звонящий", "the caller") if moment.text == "caller" else ("оператор", "operator"))
            )
            yield Text(telling.pick(f"через {seconds} кладёт трубку {by}", f"after {seconds} {by} hangs up"))
        case "message":
            said = telling.pick(f"сообщение в ящик {moment.text}", f"message for mailbox {moment.text}")
            nothing = telling.pick("сообщение не оставлено", "no message is left")
            yield Text(f"{said}, {seconds}" if moment.text else nothing, style="bold")
        case "asked":
            yield Text(f"{telling.pick('запрос', 'request')}: {moment.text}")
        case _:
            yield Text(moment.text)


def _heard(moment: Moment, seconds: str, telling: Telling) -> Text:
    said = quoted(moment.words or moment.text, telling.language)
    text = Text(f"{moment.text}: {said}" if moment.words else said)
    if moment.cut:
        length = telling.pick(f"прервано через {seconds}", f"cut after {seconds}")
    else:
        length = f"~{seconds}" if moment.guessed else seconds
    return text.append(f"  {length}", style="dim")


def _turns(steps: Sequence[StepTaken], position: int) -> tuple[int, int]:
    """(steps of a circle that begins here, how often it is gone round); (1, 1) where there is none."""
    ways = [(taken.step, taken.exit) for taken in steps[position:]]
    for size in range(1, _LONGEST_TURN + 1):
        turns = 1
        while ways[turns * size : (turns + 1) * size] == ways[:size]:
            turns += 1
        if turns > _FEW_TURNS:
            return size, turns
    return 1, 1


def _again(size: int, turns: int, telling: Telling) -> str:
    times = count(turns, telling.language, ("раз", "раза", "раз"), ("more time", "more times"))
    if telling.language == "ru":
        return f"ещё {times} то же самое" if size == 1 else f"ещё {times} по тому же кругу"
    return f"the same {times}" if size == 1 else f"round the same circle {times}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
