"""Channels that the engine left behind: nobody may sit in silence, and nobody who talks is disturbed."""

from collections.abc import Awaitable, Mapping, Sequence

import structlog

from engine.fallback.engine_journal import EngineJournal, heard_early, started, was_talking
from engine.journal.events import Entry
from engine.switch.ari.resources import Channel
from engine.switch.ari_http import AriHttp, LiveBridge, LiveChannel
from engine.switch.channel_ids import PLACED_MARK, call_of, is_leg
from engine.switch.errors import Gone, SwitchError

_CONTEXT = "fallback"
_log = structlog.get_logger(__name__)


class Orphans:
    """`callers` and `legs` are those that have no other party."""

    def __init__(
        self,
        channels: Sequence[LiveChannel],
        bridges: Sequence[LiveBridge],
        known: Mapping[str, Sequence[Entry]],
    ) -> None:
        """`known`: the open calls of the engine's journal."""
        living = {channel.id for channel in channels}
        # The switch's own helpers (an announcer, a recorder) are in bridges, but are no party.
        parties = [living & set(bridge.channels) for bridge in bridges if not _holds_apart(bridge)]
        talking = {channel_id for together in parties if len(together) > 1 for channel_id in together}
        alone = [channel for channel in channels if channel.id not in talking]
        self.legs = [channel for channel in alone if _is_ours(channel)]
        self.callers = [
            channel for channel in alone if not _is_ours(channel) and channel.dialplan.app_name == "Stasis"
        ]
        self._known = known

    def number(self, channel: LiveChannel) -> str:
        """What the caller had dialled: by the journal, else by what the dialplan handed to the engine."""
        begun = started(self._known.get(channel.id, ()))
        if begun is not None and begun.number:
            return begun.number
        handed = channel.dialplan.app_data.split(",")
        return channel.dialplan.exten or (handed[2] if len(handed) > 2 else "") or "0"

    def has_talked(self, channel: LiveChannel) -> bool:
        """He was talking when the engine went away, or has talked since, so the other party has hung up."""
        entries = self._known.get(channel.id, ())
        # Who heard early media, and was not answered, is Up only where the other side has answered since.
        return was_talking(entries) or (channel.state == "Up" and heard_early(entries))


async def look_after(switch: AriHttp, engine_journal: EngineJournal) -> int:
    """One round; returns how many channels something was done about. Raises `SwitchAway`."""
    channels = await switch.channels()
    if not channels:
        return 0
    orphans = Orphans(channels, await switch.bridges(), engine_journal.open_calls())
    done = 0
    for channel in orphans.callers:
        handle = Channel(switch, channel.id)
        if orphans.has_talked(channel):
            done += await _try(channel, "hung_up", handle.hang_up("normal"))
        else:
            number = orphans.number(channel)
            done += await _try(channel, "sent_on", handle.continue_in_dialplan(_CONTEXT, number))
    for channel in orphans.legs:
        done += await _try(channel, "hung_up", Channel(switch, channel.id).hang_up("normal"))
    return done


async def _try(channel: LiveChannel, what: str, action: Awaitable[None]) -> int:
    try:
        await action
    except Gone:
        return 0
    except SwitchError as error:
        _log.error("orphan.failed", channel=channel.id, what=what, error=str(error))
        return 0
    _log.info(f"orphan.{what}", call_id=call_of(channel.id), channel=channel.id)
    return 1


def _is_ours(channel: LiveChannel) -> bool:
    """The engine rang him: nobody who called waits there."""
    return is_leg(channel.id) or PLACED_MARK in channel.id


def _holds_apart(bridge: LiveBridge) -> bool:
    """In a holding bridge everybody hears music and nobody another."""
    return bridge.bridge_type == "holding"
