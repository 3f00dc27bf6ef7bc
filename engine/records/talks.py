"""Who talked with whom, and for how long: every talk and every consultation of a call, in order. Pure."""

from collections.abc import Mapping, Sequence

from engine.journal.events import CallStarted, Entry, LegCreated, TalkEnded, TalkStarted
from engine.journal.transfer_events import ConsultationEnded, ConsultationStarted
from engine.records.intervals import between
from engine.records.model import TalkKind, TalkRecord


def talk_records(ordered: Sequence[Entry], end: Entry) -> tuple[TalkRecord, ...]:
    """`ordered` are the call's entries, `end` its end, for what never ended by itself."""
    names = _names(ordered)
    begun: dict[tuple[TalkKind, str], tuple[Entry, str, str]] = {}
    found: list[TalkRecord] = []

    def close(key: tuple[TalkKind, str], entry: Entry) -> None:
        if key not in begun:
            return
        start, one, other = begun.pop(key)
        length = between(start, entry)
        found.append(
            TalkRecord(key[0], one, other, start.at, length.start + length.milliseconds, length.milliseconds)
        )

    for entry in ordered:
        match entry.event:
            case TalkStarted(leg=leg, party=party):
                # A second start without an end: an engine adopted the talk and told of it again.
                one = names.get(party or entry.call_id, "")
                begun.setdefault(("talk", leg), (entry, one, names.get(leg, "")))
            case TalkEnded(leg=leg):
                close(("talk", leg), entry)
            case ConsultationStarted(leg=leg, target=target):
                key: tuple[TalkKind, str] = ("consultation", target)
                begun.setdefault(key, (entry, names.get(leg, ""), names.get(target, "")))
            case ConsultationEnded(target=target):
                close(("consultation", target), entry)
            case _:
                pass
    for key in list(begun):
        close(key, end)
    return tuple(sorted(found, key=lambda talk: talk.started_at))


def _names(ordered: Sequence[Entry]) -> Mapping[str, str]:
    """Extension or number of everybody, by leg."""
    names: dict[str, str] = {}
    for entry in ordered:
        match entry.event:
            case CallStarted(caller=caller):
                names[entry.call_id] = caller
            case LegCreated(leg=leg, user=user, number=number):
                names[leg] = user or number
            case _:
                pass
    return names
