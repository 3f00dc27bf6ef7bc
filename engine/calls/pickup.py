"""Picking up: a user takes a call that rings at a colleague's telephone."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from engine.calls.lending import lend, stay

if TYPE_CHECKING:
    from engine.calls.call import Call


async def pick_up(picker: Call, users: Collection[str]) -> bool:
    """Take the call that rings for one of these users for the longest time, and stay as long as it lasts.

    False where there is none, or somebody has just answered it. Raises `CallerGone`.
    """
    if not picker.joined:
        if picker.party is not picker.caller or _ringing(picker, users) is None:
            return False
        await picker.answer()
        other = _ringing(picker, users)
        if other is None or other.ringing is None:
            return False
        leg = lend(picker, other)
        other.ringing.pick_up(leg)
        other.services.observer.picked_up(other.id, leg.id)
        other.changed()
    await stay(picker)
    return True


def _ringing(picker: Call, users: Collection[str]) -> Call | None:
    calls = picker.services.exchange.calls(picker.tenant.name)
    found = [
        call
        for call in calls
        if call is not picker
        and call.ringing is not None
        and not (call.closing or call.party.gone)
        and call.ringing.rings_at(users)
    ]
    return min(found, key=lambda call: call.ringing.since if call.ringing else 0.0, default=None)
