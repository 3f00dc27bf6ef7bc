"""A switch's conditions in words: `звонит +7 903…`, `сб–вс и 22:00–06:00`."""

import re
from collections.abc import Mapping
from typing import Any

from engine.directory.directory import Tenant
from engine.scenarios.conditions import comparison
from engine.scenarios.words.language import Language, language_name, pick, telephone
from engine.scenarios.words.people import person

_SUBJECTS: dict[str, tuple[str, str]] = {
    "caller": ("звонит", "caller"),
    "caller.number": ("звонит", "caller"),
    "caller.name": ("имя", "name"),
    "name": ("имя", "name"),
    "number": ("на номер", "to"),
    "time": ("", ""),
    "days": ("", ""),
    "schedule": ("открыто по", "open by"),
    "caller.group": ("группа", "group"),
    "caller.calls": ("звонков за 30 дней:", "calls in 30 days:"),
    "caller.last_operator": ("прошлый разговор:", "last talk:"),
    "caller.last_call": ("часов с прошлого звонка:", "hours since the last call:"),
    "client.priority": ("приоритет", "priority"),
    "client.plan": ("тариф", "plan"),
    "client.group": ("группа", "group"),
    "language": ("язык", "language"),
}
_DAYS = {"mon": "пн", "tue": "вт", "wed": "ср", "thu": "чт", "fri": "пт", "sat": "сб", "sun": "вс"}
_DAY = re.compile(r"\b(" + "|".join(_DAYS) + r")\b")
_SIGNS = {">=": "≥", "<=": "≤"}
_NUMBERS = ("caller", "caller.number", "number")
# Where an empty value has words of its own, without the subject.
_EMPTY: dict[str, tuple[str, str]] = {
    "caller": ("номер скрыт", "number withheld"),
    "caller.number": ("номер скрыт", "number withheld"),
    "caller.name": ("без имени", "no name"),
    "name": ("без имени", "no name"),
    "caller.group": ("без группы", "no group"),
    "client.group": ("без группы", "no group"),
    "caller.last_operator": ("разговоров не было", "no talk yet"),
}


def condition_words(when: Mapping[str, Any], language: Language, tenant: Tenant | None) -> str:
    """All conditions of a case."""
    both = pick(language, " и ", " and ")
    return both.join(_one(str(name), wanted, language, tenant) for name, wanted in when.items())


def _one(name: str, wanted: Any, language: Language, tenant: Tenant | None) -> str:
    values = wanted if isinstance(wanted, list | tuple) else (wanted,)
    either = pick(language, " или ", " or ")
    own = pick(language, *_EMPTY[name]) if name in _EMPTY and "" in values else ""
    said = either.join(_value(name, one, language, tenant) for one in values if not (own and one == ""))
    if said:
        known = _SUBJECTS.get(name)
        said = f"{pick(language, *known)} {said}".strip() if known else f"{name}: {said}"
    return either.join(part for part in (own, said) if part)


def _value(name: str, value: Any, language: Language, tenant: Tenant | None) -> str:
    if isinstance(value, bool):
        return pick(language, "да", "yes") if value else pick(language, "нет", "no")
    text = str(value)
    if not text:
        return pick(language, "пусто", "empty")
    if name in ("days", "time"):
        return day_words(text, language)
    sign, text = comparison(text)
    word = _looked_up(name, text, language, tenant)
    if sign == "!=":
        return pick(language, "кроме ", "not ") + word
    return f"{_SIGNS.get(sign, sign)} {word}" if sign else word


def _looked_up(name: str, text: str, language: Language, tenant: Tenant | None) -> str:
    if name in _NUMBERS and "*" not in text:
        known = tenant.name_of(text) if tenant else ""
        number = telephone(text, tenant.country if tenant else "RU")
        return f"{number} ({known})" if known else number
    if name == "caller.last_operator":
        return person(text, tenant)
    return language_name(text, language) if name == "language" else text


def day_words(text: str, language: Language) -> str:
    """`mon-fri` → `пн–пт`; times keep their colon, ranges get a dash."""
    if language == "ru":
        text = _DAY.sub(lambda match: _DAYS[match[1]], text)
    return text.replace("-", "–")
