"""What a step is about: the group it rings, the schedule it asks, the number it dials."""

from collections.abc import Callable
from urllib.parse import urlsplit

from engine.directory.directory import Tenant
from engine.scenarios.model import StepModel
from engine.scenarios.words.conditions import day_words
from engine.scenarios.words.kinds import kind_words
from engine.scenarios.words.language import Language, language_name, pick, telephone
from engine.scenarios.words.people import people, person
from engine.scenarios.words.spoken import quoted


def step_words(step: StepModel, language: Language, tenant: Tenant | None = None) -> str:
    """`Звонок группе: sales (Анна Иванова, Пётр Смирнов)`: the step in one line."""
    about = subject(step, language, tenant)
    return f"{kind_words(step, language)}: {about}" if about else kind_words(step, language)


def subject(step: StepModel, language: Language, tenant: Tenant | None = None) -> str:
    """What the step is about, with people by name; "" where its kind says all."""
    own = _SUBJECTS.get(step.kind)
    if own is not None:
        return own(step, language, tenant)
    return ", ".join(reference.name for reference in step.references())


def _text(step: StepModel, field: str) -> str:
    value = getattr(step, field, None)
    return "" if value is None else str(value)


def _ring(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    if name := _text(step, "group"):
        group = tenant.groups.get(name) if tenant else None
        return f"{name} ({people(group.members, tenant)})" if group else name
    users = getattr(step, "users", None) or [_text(step, "user")]
    return ", ".join(_with_extension(user, tenant) for user in users)


def _with_extension(extension: str, tenant: Tenant | None) -> str:
    name = person(extension, tenant)
    return extension if name == extension else f"{name} ({extension})"


def _queue(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    name = _text(step, "queue")
    queue = tenant.queues.get(name) if tenant else None
    return f"{name} ({people(queue.extensions, tenant)})" if queue else name


def _dial(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    return telephone(_text(step, "number"), tenant.country if tenant else "RU")


def _callback(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    number = _text(step, "number")
    if number == "{caller.number}":
        return pick(language, "на номер, с которого звонят", "to the caller's number")
    return telephone(number, tenant.country if tenant else "RU")


def _schedule(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    if user := _text(step, "user"):
        return pick(language, "часы сотрудника ", "hours of ") + person(user, tenant)
    name = _text(step, "schedule")
    known = tenant.schedules.get(name) if tenant else None
    if known is None:
        return name
    weekly = known.model.hours.items()
    # No line ends between days and their hours.
    hours = "; ".join(
        f"{day_words(days, language)}\u00a0{day_words(times, language)}" for days, times in weekly
    )
    if hours and language == "ru":
        hours = hours.replace("closed", "закрыто")
    return f"{name} ({hours})" if hours else name


def _mailbox(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    return _with_extension(_text(step, "mailbox"), tenant)


def _set(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    values = getattr(step, "variables", {})
    return ", ".join(f"{name} = {_value(value, language)}" for name, value in values.items())


def _value(value: object, language: Language) -> str:
    if isinstance(value, bool):
        return pick(language, "да", "yes") if value else pick(language, "нет", "no")
    return quoted("", language) if value == "" else str(value)


def _input(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    return _text(step, "variable")


def _request(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    # The whole address may hold a secret.
    try:
        return urlsplit(_text(step, "url")).hostname or ""
    except ValueError:
        return ""


def _language(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    return language_name(_text(step, "language"), language)


def _survey(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    return ", ".join(str(getattr(one, "name", "")) for one in getattr(step, "questions", ()))


def _silent(step: StepModel, language: Language, tenant: Tenant | None) -> str:
    return ""


_SUBJECTS: dict[str, Callable[[StepModel, Language, Tenant | None], str]] = {
    "ring": _ring,
    "queue": _queue,
    "dial": _dial,
    "callback": _callback,
    "schedule": _schedule,
    "voicemail": _mailbox,
    "set": _set,
    "input": _input,
    "request": _request,
    "language": _language,
    "survey": _survey,
    "ticket": lambda step, language, tenant: _text(step, "subject"),
    "goto": lambda step, language, tenant: _text(step, "step"),
    "play": _silent,
    "say": _silent,
    "menu": _silent,
    "switch": _silent,
    "hangup": _silent,
}
