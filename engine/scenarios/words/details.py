"""The small print of a step: how long, how often, how many digits."""

from collections.abc import Callable, Iterator
from typing import Any

from engine.directory.directory import Tenant
from engine.scenarios.model import StepModel
from engine.scenarios.words.language import Language, count, duration, pick

_RING_SECONDS = 25.0


def details(step: StepModel, language: Language, tenant: Tenant | None = None) -> list[str]:
    """`["20 с", "3 попытки"]`: what of the step's fields a reader wants to know, in a fixed order."""
    return [*_ringing(step, language, tenant), *_digits(step, language), *_fields(step, language)]


def _ringing(step: StepModel, language: Language, tenant: Tenant | None) -> Iterator[str]:
    if step.kind == "queue":
        queue = tenant.queues.get(str(getattr(step, "queue", ""))) if tenant else None
        if queue:
            limit = duration(queue.max_wait, language)
            yield pick(language, f"ждать до {limit}", f"wait up to {limit}")
            if queue.max_length is not None:
                yield pick(language, f"мест: {queue.max_length}", f"places: {queue.max_length}")
        return
    if step.kind != "ring":
        return
    name = getattr(step, "group", None)
    group = tenant.groups.get(name) if tenant and name else None
    seconds = getattr(step, "timeout", None) or (group.timeout if group else None if name else _RING_SECONDS)
    if seconds:
        yield duration(seconds, language)
    order = {
        "random": ("в случайном порядке", "in random order"),
        "sequence": ("по очереди", "one after another"),
        "least_recent": ("кто дольше не говорил", "least recent first"),
    }.get(group.ring if group else "")
    if order:
        yield pick(language, *order)


def _digits(step: StepModel, language: Language) -> Iterator[str]:
    least, most = getattr(step, "min_digits", None), getattr(step, "max_digits", None)
    if isinstance(least, int) and isinstance(most, int):
        if least == most:
            yield count(most, language, ("цифра", "цифры", "цифр"), ("digit", "digits"))
        else:  # a range is never one: 1–21 цифр
            yield f"{least}–" + count(most, language, ("цифр", "цифры", "цифр"), ("digits", "digits"))


def _fields(step: StepModel, language: Language) -> Iterator[str]:
    for name, words in _FIELDS.items():
        if name == "timeout" and step.kind == "ring":
            continue
        value = getattr(step, name, None) if name in type(step).model_fields else None
        if value not in (None, False, "", 0) and (text := words(value, language)):
            yield text


def _timeout(value: Any, language: Language) -> str:
    return duration(float(value), language)


def _attempts(value: Any, language: Language) -> str:
    return count(int(value), language, ("попытка", "попытки", "попыток"), ("attempt", "attempts"))


def _retries(value: Any, language: Language) -> str:
    return count(int(value), language, ("повтор", "повтора", "повторов"), ("retry", "retries"))


def _longest(value: Any, language: Language) -> str:
    return pick(language, "до ", "up to ") + duration(float(value), language)


def _flag(russian: str, english: str) -> Callable[[Any, Language], str]:
    """Words for what is on or off; a prompt of the same name is no such thing."""
    return lambda value, language: pick(language, russian, english) if value is True else ""


def _check(value: Any, language: Language) -> str:
    kinds = {
        "list": ("проверка по списку", "checked by a list"),
        "pattern": ("проверка по образцу", "checked by a pattern"),
        "clients": ("проверка по клиентам", "checked by clients"),
        "url": ("проверка веб-сервисом", "checked by a web service"),
    }
    for name, words in kinds.items():
        found = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        if found:
            return pick(language, *words)
    return ""


_FIELDS: dict[str, Callable[[Any, Language], str]] = {
    "timeout": _timeout,
    "attempts": _attempts,
    "retries": _retries,
    "max_length": _longest,
    "extensions": _flag("можно набрать внутренний номер", "extensions can be dialled"),
    "read_back": lambda value, language: pick(language, "введённое повторяется", "read back"),
    "confirm": _flag("с подтверждением", "to be confirmed"),
    "check": _check,
    "ask": _flag("номер спрашивается", "asks for the number"),
}
