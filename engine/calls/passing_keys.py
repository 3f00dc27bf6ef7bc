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
            if isinstance(key, TalkCode) and _is_code(call, leg, key):
                call.wanted.wishes.append(wish_of_code(key.name, leg))
                continue
            for digit in key.code if isinstance(key, TalkCode) else key:
                call.meanwhile(_pass_on(call, opposite, digit))


def _is_code(call: Call, leg: Leg, code: TalkCode) -> bool:
    """Whether it means something to us now; else it may to a machine at the other end."""
    if code.name in ("complete", "swap", "cancel"):
        return call.consultant is leg
    return code.name != "park" or call.tenant.parking is not None


async def _pass_on(call: Call, leg: Leg, digit: str) -> None:
    try:
        await leg.channel.send_dtmf(digit)
    except SwitchError as error:
        call.log.info("key.not_passed_on", leg=leg.id, cause=str(error))
