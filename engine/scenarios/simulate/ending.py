"""The last lines of a simulated call: how it ended, who talked, what its record would say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from engine.records.model import Disposition
from engine.scenarios.simulate.journey import Journey

if TYPE_CHECKING:
    from engine.scenarios.simulate.text import Telling

_DISPOSITIONS: dict[Disposition, str] = {
    "answered": "отвечен",
    "missed": "пропущен",
    "busy": "занято",
    "failed": "сбой",
    "voicemail": "голосовое сообщение",
    "callback": "заказан обратный звонок",
    "refused": "отклонён",
}
_ENDED_BY = {
    "caller": ("трубку положил звонящий", "the caller hung up"),
    "operator": ("трубку положил оператор", "the operator hung up"),
    "engine": ("сценарий завершён", "the scenario is over"),
    "network": ("связь прервалась", "the connection broke"),
}


def ending(journey: Journey, telling: Telling) -> Iterator[Text]:
    """In the language of the telling."""
    if journey.keys_left:
        keys = " ".join(journey.keys_left)
        yield Text(
            telling.pick(f"Не дошло до нажатий: {keys}", f"The caller never came to key in: {keys}"),
            style="yellow",
        )
    record = journey.record
    if journey.cut:
        yield Text(telling.pick("Звонок не кончается: ", "No end: ") + journey.cut, style="bold red")
        return
    parts = [telling.pick(*_ENDED_BY[record.ended_by])]
    if record.operator:
        talked = telling.length(record.talk_ms / 1000)
        parts.append(telling.pick("разговор: ", "talked with ") + f"{telling.who(record.operator)}, {talked}")
    else:
        parts.append(telling.pick("никто не говорил", "nobody talked"))
    whole = telling.length(journey.seconds)
    parts.append(telling.pick(f"всего {whole}", f"{whole} in all"))
    disposition = record.disposition
    said = telling.pick(f"в журнале: {disposition} ({_DISPOSITIONS[disposition]})", f"record: {disposition}")
    if record.wait_ms is not None:
        wait = telling.length(record.wait_ms / 1000)
        said += telling.pick(f", ожидание {wait}", f", waited {wait}")
    parts.append(said)
    line = "; ".join(parts)
    yield Text(f"{line[0].upper()}{line[1:]}.", style="bold")
    if journey.guessed:
        note = telling.pick(
            "~ — длительность оценена по числу слов: запись ещё не сделана или зависит от звонка",
            "~ is estimated by the number of words: not recorded yet, or different in every call",
        )
        yield Text(note, style="dim")
