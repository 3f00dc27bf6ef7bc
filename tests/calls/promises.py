"""What holds at the end of every call, whatever happened on the way."""

from engine.journal.events import CallEnded, Entry, LegCreated, LegEnded, TalkStarted
from engine.journal.transfer_events import CallJoined, LegMoved, ListeningStarted
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from tests.calls.cell import Cell
from tests.fake_switch.model import Channel

SILENCE_S = 2.5  # the menu waits 2 s for a key
CLOSE_MS = 1000


def check(cell: Cell, *, silence_s: float | None = SILENCE_S) -> list[CallRecord]:
    """All calls are over and nobody is left in the switch; the records, in the order of the calls.

    `silence_s`: the longest that a caller may have heard nothing; None where no engine was there for a while.
    """
    switch = cell.switch
    assert switch.faults == []
    assert cell.errors == []
    assert switch.left_over() == [], "left in the switch"
    journal = cell.journal()
    records = []
    for channel in switch.channels.ended.values():
        if channel.endpoint or channel.snoop is not None:
            continue
        assert channel.id in journal, f"nothing was written of {channel.id}"
        records.append(_check_call(cell, channel, journal[channel.id]))
        heard = switch.hearing.history(channel.id)
        if silence_s is not None:
            assert switch.hearing.longest_silence(channel.id) <= silence_s, f"silence: {heard}"
    legs = {c.id for c in switch.channels.ended.values() if c.endpoint}
    journalled = {e.event.leg for es in journal.values() for e in es if isinstance(e.event, LegCreated)}
    assert legs <= journalled, "a leg that the journal does not know"
    return records


def _check_call(cell: Cell, channel: Channel, entries: list[Entry]) -> CallRecord:
    story = "\n".join(f"{entry.seq} {entry.at} {entry.event}" for entry in entries)
    ends = [entry for entry in entries if isinstance(entry.event, CallEnded)]
    assert len(ends) == 1, f"{len(ends)} ends:\n{story}"
    record = derive_call(entries)
    assert record is not None, story
    assert derive_call([*entries, *entries]) == record
    assert channel.ended_ms is not None
    # A call that its caller has passed on ends with the last of it.
    passed_on = any(isinstance(e.event, LegEnded) and e.event.leg == channel.id for e in entries)
    lasting = [cell.switch.channels.ended.get(leg.leg) for leg in record.legs] if passed_on else [channel]
    last = max(one.ended_ms for one in lasting if one is not None and one.ended_ms is not None)
    near = [
        ("started", record.started_at, channel.created_ms),
        ("ended", record.ended_at, last),
        ("answered", record.answered_at, channel.answered_ms),
    ]
    for what, ours, witness in near:
        assert (ours is None) == (witness is None), f"{what}: {ours}, switch {witness}\n{story}"
        assert abs((ours or 0) - (witness or 0)) <= CLOSE_MS, f"{what}: {ours}, switch {witness}\n{story}"
    talked = _talked_ms(cell, channel.id)
    alone = all(talk.kind == "talk" and talk.one == record.caller for talk in record.talks)
    # The talk is the other call's.
    joined = any(isinstance(e.event, CallJoined | ListeningStarted) for e in entries)
    if alone and not passed_on and not joined:
        assert abs(record.talk_ms - talked) <= CLOSE_MS, f"talk: {record.talk_ms}, switch {talked}\n{story}"
    spent = sum(talk.talk_ms for talk in record.talks if talk.kind == "talk")
    assert abs(record.talk_ms - spent) <= 10, f"talks: {record.talk_ms}, one by one {spent}\n{story}"
    assert record.started_at <= (record.answered_at or record.started_at) <= record.ended_at, story
    created = [e.event.leg for e in entries if isinstance(e.event, LegCreated)]
    # Who was to press 1, and has not, counts as not reached.
    asked = {e.event.leg for e in entries if isinstance(e.event, LegCreated) and e.event.confirm}
    talked_with = {e.event.leg for e in entries if isinstance(e.event, TalkStarted)}
    # One that moved to another call ends there.
    ended = [e.event.leg for e in entries if isinstance(e.event, LegEnded | LegMoved)]
    if passed_on:
        created.append(channel.id)
    assert sorted(created) == sorted(ended), f"legs made and ended:\n{story}"
    for leg in record.legs:
        assert record.started_at <= leg.created_at <= leg.ended_at, story
        theirs = cell.switch.channels.ended.get(leg.leg)
        up = theirs is not None and theirs.answered_ms is not None
        took = up and (leg.leg not in asked or leg.leg in talked_with)
        assert (leg.result == "answered") == took, f"{leg.leg} {leg.result}, switch {theirs}\n{story}"
    return record


def _talked_ms(cell: Cell, channel_id: str) -> float:
    """How long the caller was in a bridge with somebody."""
    return cell.switch.hearing.together_s(channel_id) * 1000
