"""Prompts to a leg that is not the party: to somebody who has answered and is not connected yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.calls.errors import PromptFailed
from engine.calls.hearing import LONGEST_PROMPT_S
from engine.switch.ari.resources import Playback
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

# A telephone keeps 40 to 200 ms of sound in its jitter buffer, more after a change of who is heard (0.3 s
# measured); at the BYE it throws them away, and with them the end of the last word.
LAST_WORDS_S = 0.3


async def play_to(call: Call, leg: Leg, media: Sequence[str]) -> bool:
    """Play media URIs to the end; False when the leg went away before it. The party hears what he heard.

    Raises `CallerGone` when the party goes, `PromptFailed` when the switch could not play them.
    """
    playback = Playback(call.services.connection, f"{leg.id}.play.1")
    # Interest is registered before the request, so the end cannot come first.
    call.told_legs[playback.id] = ""
    try:
        await leg.channel.play(playback.id, media, call.language)
        await call.until(lambda: leg.gone or call.told_legs[playback.id], LONGEST_PROMPT_S)
        ended = call.told_legs[playback.id]
    except Gone:
        return False
    except SwitchError as error:
        raise PromptFailed(f"the switch could not play {', '.join(media)}: {error}") from error
    finally:
        del call.told_legs[playback.id]
    if ended == "failed" and not leg.gone:
        raise PromptFailed(f"the switch could not play {', '.join(media)}")
    leg.told_until = call.seconds()
    return not leg.gone


async def heard_out(call: Call, leg: Leg) -> None:
    """Before we hang up on somebody: what was sent to him last has still to leave his telephone's jitter
    buffer.
    """
    rest = leg.told_until + LAST_WORDS_S - call.seconds()
    if rest > 0:
        await call.until(lambda: leg.gone, rest)
