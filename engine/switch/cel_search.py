"""Looks single channels up in the switch's event log, from its newest line backwards."""

import re
from collections.abc import Set
from pathlib import Path

from engine.switch.cel import CelEvent, ChannelEnd, ChannelHistory, ended_by, parse
from engine.switch.cel_calls import SwitchCalls
from engine.switch.cel_files import backwards

_EARLIER_MS = 5_000  # a channel's id has whole seconds, and threads write out of order
_CREATED = re.compile(r"-(\d{9,11})\.(?:click\.)?\d+")


def find_ends(path: Path, ids: Set[str]) -> dict[str, ChannelEnd]:
    """When and why these channels ended, as far as the log knows. Reads backwards, to the oldest of them.

    Channels that live still, or that the log does not know, are left out. An absent log knows none; raises
    `OSError` when it cannot be read.
    """
    missing = set(ids)
    found: dict[str, ChannelEnd] = {}
    gone: dict[str, ChannelEnd] = {}
    oldest = _oldest(ids)
    seen: list[CelEvent] = []
    for line in backwards(path):
        if not missing:
            return found
        event = parse(line)
        if event is None:
            continue
        if event.at < oldest:
            break
        seen.append(event)
        if event.unique_id not in missing:
            continue
        if event.kind == "HANGUP":
            by = ended_by(event.channel, event.cause, event.hung_up_by)
            found[event.unique_id] = ChannelEnd(event.unique_id, event.at, event.cause, by)
            missing.discard(event.unique_id)
        elif event.kind == "CHAN_END":
            gone[event.unique_id] = ChannelEnd(event.unique_id, event.at, event.cause, "network")
    for channel_id in missing & gone.keys():
        found[channel_id] = gone[channel_id]
        missing.discard(channel_id)
    if missing:
        calls = SwitchCalls()
        calls.feed(reversed(seen))
        found.update((end.channel_id, end) for end in calls.lost_channels() if end.channel_id in missing)
    return found


def find_histories(path: Path, ids: Set[str], since: int) -> dict[str, ChannelHistory]:
    """What has happened to these channels since then (UTC milliseconds); the others are left out.

    A channel that went down with the switch has no end. Raises `OSError` when the log
    cannot be read; an absent one knows nothing.
    """
    seen: list[CelEvent] = []
    for line in backwards(path):
        event = parse(line)
        if event is None:
            continue
        if event.at < since - _EARLIER_MS:
            break
        if event.unique_id in ids:
            seen.append(event)
    found: dict[str, ChannelHistory] = {}
    for event in reversed(seen):
        _add(found.setdefault(event.unique_id, ChannelHistory()), event)
    return found


def _add(history: ChannelHistory, event: CelEvent) -> None:
    match event.kind:
        case "ANSWER":
            history.answered_at = history.answered_at or event.at
        case "BRIDGE_ENTER":
            history.stays[event.bridge] = (event.at, None)
        case "BRIDGE_EXIT":
            history.stays[event.bridge] = (history.stays.get(event.bridge, (None, None))[0], event.at)
        case "HANGUP":
            answered = history.answered_at is not None or bool(history.stays)
            by = ended_by(event.channel, event.cause, event.hung_up_by, answered=answered)
            history.end = ChannelEnd(event.unique_id, event.at, event.cause, by)
        case "CHAN_END" if history.end is None:
            history.end = ChannelEnd(event.unique_id, event.at, event.cause, "network")


def _oldest(ids: Set[str]) -> int:
    """UTC milliseconds before which none of these channels was made; 0 where an id does not tell."""
    created = [_CREATED.search(channel_id) for channel_id in ids]
    return min((int(match[1]) * 1000 - _EARLIER_MS if match else 0 for match in created), default=0)
