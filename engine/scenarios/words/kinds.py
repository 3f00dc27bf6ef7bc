"""What a kind of step is called, and which kinds belong together."""

from typing import Literal, NamedTuple

from engine.scenarios.model import StepModel
from engine.scenarios.words.language import Language, pick

Family = Literal["speech", "choice", "condition", "people", "message", "data", "end"]


class KindWords(NamedTuple):
    """A kind's name in both languages and what it is alike to."""

    russian: str
    english: str
    family: Family


KINDS: dict[str, KindWords] = {
    "play": KindWords("Сообщение", "Message", "speech"),
    "say": KindWords("Произнести значение", "Say a value", "speech"),
    "language": KindWords("Язык", "Language", "speech"),
    "menu": KindWords("Меню", "Menu", "choice"),
    "input": KindWords("Ввод цифр", "Digits", "choice"),
    "schedule": KindWords("Рабочее время", "Working hours", "condition"),
    "switch": KindWords("Выбор по условию", "Decision", "condition"),
    "ring": KindWords("Звонок сотруднику", "Ring a person", "people"),
    "queue": KindWords("Очередь", "Queue", "people"),
    "dial": KindWords("Звонок на номер", "Outside call", "people"),
    "voicemail": KindWords("Голосовая почта", "Voicemail", "message"),
    "callback": KindWords("Обратный звонок", "Callback", "message"),
    "survey": KindWords("Оценка разговора", "Survey", "message"),
    "ticket": KindWords("Заявка", "Ticket", "message"),
    "request": KindWords("Запрос к веб-сервису", "Web service", "data"),
    "set": KindWords("Значения", "Set values", "data"),
    "goto": KindWords("Переход", "Go to", "data"),
    "hangup": KindWords("Завершение звонка", "End of the call", "end"),
}


def kind_words(step: StepModel | str, language: Language) -> str:
    """`Меню`, `Звонок группе`: what the step (or a kind of step) is called."""
    kind = step if isinstance(step, str) else step.kind
    if kind == "ring" and isinstance(step, StepModel):
        if getattr(step, "group", None):
            return pick(language, "Звонок группе", "Ring a group")
        if len(getattr(step, "users", ())) > 1:
            return pick(language, "Звонок сотрудникам", "Ring people")
    known = KINDS.get(kind)
    if known is None:
        return kind.replace("_", " ").replace("-", " ").capitalize()
    return pick(language, known.russian, known.english)


def family(kind: str) -> Family:
    """Which kinds it is like; unknown ones are data."""
    known = KINDS.get(kind)
    return known.family if known else "data"
