"""Which call a channel belongs to: for what concerns two calls, such as joining them or picking one up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.calls.call import Call


class Exchange:
    """Kept by the calls themselves."""

    def __init__(self) -> None:
        self._owners: dict[str, Call] = {}
        self._homes: dict[str, Call] = {}  # of channels that are a leg of another call as well
        self._of_tenant: dict[str, Counter[Call]] = {}  # with how many channels each of its calls has

    def own(self, channel_id: str, call: Call) -> None:
        before = self._owners.get(channel_id)
        if before is call:
            return
        if before is not None:
            self._release(before)
        self._owners[channel_id] = call
        self._of_tenant.setdefault(call.tenant.name, Counter())[call] += 1

    def disown(self, channel_id: str, call: Call) -> None:
        """A channel that has become another call's stays that one's."""
        if self._homes.get(channel_id) is call:
            del self._homes[channel_id]
        if self._owners.get(channel_id) is call:
            del self._owners[channel_id]
            self._release(call)

    def lent(self, channel_id: str, home: Call) -> None:
        """The caller of `home` goes on as a leg of another call, whose his channel is from now on."""
        self._homes[channel_id] = home

    def home_of(self, channel_id: str) -> Call | None:
        """The call that such a channel came with."""
        return self._homes.get(channel_id)

    def call_of(self, channel_id: str) -> Call | None:
        return self._owners.get(channel_id)

    def calls(self, tenant: str) -> Iterable[Call]:
        """Every call of a tenant, each once."""
        return list(self._of_tenant.get(tenant, ()))

    def all_calls(self) -> Iterable[Call]:
        """Every call of this cell, each once."""
        return [call for calls in self._of_tenant.values() for call in calls]

    def _release(self, call: Call) -> None:
        calls = self._of_tenant[call.tenant.name]
        calls[call] -= 1
        if not calls[call]:
            del calls[call]
        if not calls:
            del self._of_tenant[call.tenant.name]
