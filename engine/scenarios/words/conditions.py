"""A switch's conditions in words: `звонит +7 903…`, `сб–вс и 22:00–06:00`."""

import re
from collections.abc import Mapping
from typing import Any

from engine.directory.directory import Tenant
from engine.scenarios.words.language import Language, pick, telephone

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
_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠"}


def condition_words(when: Mapping[str, Any], language: Language, tenant: Tenant | None) -> str:
    """All conditions of a case."""
    both = pick(language, " и ", " and ")
    return both.join(_one(str(name), wanted, language, tenant) for name, wanted in when.items())


def _one(name: str, wanted: Any, language: Language, tenant: Tenant | None) -> str:
    values = wanted if isinstance(wanted, list | tuple) else (wanted,)
    either = pick(language, " или ", " or ")
    value = either.join(_value(name, one, language, tenant) for one in values)
    known = _SUBJECTS.get(name)
    if known is None:
        return f"{name}: {value}"
    return f"{pick(language, *known)} {value}".strip()


def _value(name: str, value: Any, language: Language, tenant: Tenant | None) -> str:
    if isinstance(value, bool):
        return pick(language, "да", "yes") if value else pick(language, "нет", "no")
    text = str(value)
    if not text:
        return pick(
            language, "скрыт" if name == "caller" else "пусто", "withheld" if name == "caller" else "empty"
        )
    if name in ("days", "time"):
        return day_words(text, language)
    if name in ("caller", "caller.number", "number"):
        known = tenant.name_of(text) if tenant else ""
        number = telephone(text, tenant.country if tenant else "RU")
        return f"{number} ({known})" if known else number
    if name == "caller.last_operator" and tenant and text in tenant.users:
        return tenant.users[text].name
    for sign, shown in _SIGNS.items():
        text = text.replace(sign, shown)
    return text


def day_words(text: str, language: Language) -> str:
    """`mon-fri` → `пн–пт`; times keep their colon, ranges get a dash."""
    if language == "ru":
        text = _DAY.sub(lambda match: _DAYS[match[1]], text)
    return text.replace("-", "–")
