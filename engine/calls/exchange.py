"""Which call a channel belongs to: for what concerns two calls, such as joining them or picking one up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.calls.call import Call


class Exchange:
    """Kept by the calls themselves."""

    def __init__(self) -> None:
        self._owners: dict[str, Call] = {}

    def own(self, channel_id: str, call: Call) -> None:
        self._owners[channel_id] = call

    def disown(self, channel_id: str, call: Call) -> None:
        """A channel that has become another call's stays that one's."""
        if self._owners.get(channel_id) is call:
            del self._owners[channel_id]

    def call_of(self, channel_id: str) -> Call | None:
        return self._owners.get(channel_id)

    def calls(self, tenant: str) -> Iterable[Call]:
        """Every call of a tenant, each once."""
        found = {call.id: call for call in self._owners.values() if call.tenant.name == tenant}
        return list(found.values())
