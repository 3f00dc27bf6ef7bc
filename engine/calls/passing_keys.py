"""Keys of colleagues who talk: codes become wishes, all others are played to the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.wishes import wish_of_code
from engine.directory.codes import TalkCode
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg


def take_keys(call: Call, *pair: Leg) -> None:
    """Codes that the two have keyed become wishes; other keys are played to the other one."""
    for leg, opposite in (pair, pair[::-1]):
        if leg.talk_keys is None:
            continue
        for key in leg.talk_keys.take(call.seconds()):
            if isinstance(key, TalkCode):
                call.wanted.wishes.append(wish_of_code(key.name, leg))
            else:
                call.meanwhile(_pass_on(call, opposite, key))


async def _pass_on(call: Call, leg: Leg, digit: str) -> None:
    try:
        await leg.channel.send_dtmf(digit)
    except SwitchError as error:
        call.log.info("key.not_passed_on", leg=leg.id, cause=str(error))
