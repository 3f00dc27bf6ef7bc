"""A telephone goes while it is rung for a queue: nobody will answer there, and the next one is to be rung."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.calls.ringing import SUBSCRIBER_ABSENT

if TYPE_CHECKING:
    from engine.calls.exchange import Exchange


def give_up(exchange: Exchange, leg_ids: Iterable[str]) -> None:
    """End these legs, as those of telephones that cannot be reached; not one that has answered."""
    for leg_id in leg_ids:
        call = exchange.call_of(leg_id)
        leg = call.legs.get(leg_id) if call is not None else None
        if call is None or leg is None or leg.over or leg.answered_at is not None:
            continue
        leg.failure, leg.cause = "its telephone has gone", SUBSCRIBER_ABSENT
        call.log.info("leg.telephone_gone", leg=leg_id)
        call.meanwhile(call.legs.drop(leg, "normal"))
