"""Exits and the roads that need no step, in words."""

from collections.abc import Mapping
from typing import Any

from engine.directory.directory import Tenant
from engine.scenarios.model import APOLOGY, DESK, SORRY, StepModel
from engine.scenarios.words.conditions import condition_words
from engine.scenarios.words.language import Language, pick
from engine.scenarios.words.people import person

# By exit; by kind and exit where the same exit means something of its own.
_EXITS: dict[str, tuple[str, str]] = {
    "next": ("дальше", "next"),
    "step": ("", ""),
    "default": ("иначе", "otherwise"),
    "after": ("после разговора", "after the talk"),
    "open": ("открыто", "open"),
    "closed": ("закрыто", "closed"),
    "on_no_answer": ("нет ответа", "no answer"),
    "on_busy": ("занято", "busy"),
    "on_unavailable": ("недоступен", "unavailable"),
    "on_timeout": ("время вышло", "time is up"),
    "on_invalid": ("неверный ввод", "wrong input"),
    "on_error": ("ошибка", "error"),
    "on_callback": ("заказан обратный звонок", "callback asked for"),
    "on_refused": ("отказ", "refused"),
    "on_empty": ("ничего не сказано", "nothing was said"),
    "on_full": ("мест нет", "full"),
    "talked": ("после разговора", "after the talk"),
    "end": ("конец", "end"),
}
_KIND_EXITS: dict[tuple[str, str], tuple[str, str]] = {
    ("menu", "on_timeout"): ("ничего не нажато", "no key"),
    ("menu", "on_invalid"): ("неверная клавиша", "wrong key"),
    ("menu", "on_no_answer"): ("внутренний номер не ответил", "extension: no answer"),
    ("menu", "after"): ("после разговора с внутренним номером", "after the extension's talk"),
    ("input", "next"): ("введено", "entered"),
    ("input", "on_timeout"): ("ничего не введено", "nothing entered"),
    ("input", "on_invalid"): ("введено неверно", "wrong digits"),
    ("queue", "on_timeout"): ("не дождался", "waited too long"),
    ("queue", "on_full"): ("очередь заполнена", "queue full"),
    ("queue", "on_unavailable"): ("нет операторов", "no operators"),
    ("ring", "on_unavailable"): ("телефон выключен", "phone is off"),
    ("voicemail", "next"): ("записано", "recorded"),
    ("callback", "next"): ("заказан", "ordered"),
    ("request", "next"): ("получен ответ", "answered"),
    ("request", "on_error"): ("сервис не ответил", "no service"),
}
_PREFIXES: dict[str, tuple[str, str]] = {
    "key": ("", ""),
    "extension": ("внутренний", "extension"),
    "period": ("период", "period"),
    "answer": ("ответ", "answer"),
    "case": ("условие", "case"),
}
_KEYS = {"*": "✱"}


def exit_words(
    step: StepModel | str, name: str, language: Language, tenant: Tenant | None = None, *, alone: bool = False
) -> str:
    """`1`, `нет ответа`, `звонит +7…`: an exit as people call it.

    `step` is the step or its kind. With `alone`, the only way on of a step needs no word: it is "".
    """
    kind = step if isinstance(step, str) else step.kind
    first, _, rest = name.partition(" ")
    if first == "case" and not isinstance(step, str) and (when := _conditions(step, rest)):
        return condition_words(when, language, tenant)
    if rest and first in _PREFIXES:
        return f"{pick(language, *_PREFIXES[first])} {_KEYS.get(rest, rest)}".strip()
    found = _KIND_EXITS.get((kind, name)) or _EXITS.get(name)
    if alone and name == "next":
        return ""
    if found:
        return pick(language, *found)
    return name.removeprefix("on_").replace("_", " ")


def road_words(target: str | None, language: Language, tenant: Tenant | None = None) -> str:
    """Where an exit without a step leads: the desk, an apology, the end of the call."""
    if target == DESK:
        users = tenant.desk_users() if tenant else []
        who = f": {person(users[0], tenant)}" if users else ""
        return pick(language, "секретарь", "desk") + who
    if target == SORRY:
        return pick(language, "извинение, конец", "apology, end")
    if target == APOLOGY:
        return pick(language, "линия не работает, конец", "out of service, end")
    if target is None:
        return pick(language, "конец", "end")
    return target.removeprefix("@")


def _conditions(step: StepModel, number: str) -> Mapping[str, Any]:
    cases = getattr(step, "cases", ())
    if number.isdigit() and 0 < int(number) <= len(cases):
        when = getattr(cases[int(number) - 1], "when", {})
        return when if isinstance(when, Mapping) else {}
    return {}
