"""Who called before: how often, when last, and who talked with him (`caller.calls` and its like).

Who talked with him counts also where he was called: an operator's own call, or one that rang him back.

The index lies in memory and is asked without waiting. It is filled in the background from the database
(`previous_reading.py`); what it does not know yet is as if it had not been. Calls of this engine enter it
when they end, those of others (the fallback, another cell on the same database) within a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from engine.directory.numbers import is_e164
from engine.journal.base import Value
from engine.records.model import PastCall

if TYPE_CHECKING:
    from engine.calls.call import Call

REMEMBERED_MS = 30 * 86_400_000
MOST_OF_A_CALLER = 100
MOST_CALLS = 100_000
_HOUR_MS = 3_600_000

# What a caller of whom nothing is known has.
UNKNOWN: Mapping[str, Value] = {"caller.calls": 0, "caller.last_operator": "", "caller.last_call": ""}


class _Call(NamedTuple):
    started_at: int
    operator: str
    placed: bool


class PreviousCalls:
    """The index. Bounded: of one caller his newest calls, of all those who called last."""

    def __init__(self, most_calls: int = MOST_CALLS) -> None:
        self._most = most_calls
        self._callers: dict[tuple[str, str], dict[str, _Call]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def most(self) -> int:
        """How many calls it holds at most."""
        return self._most

    def add(self, call: PastCall) -> None:
        """A call that has ended; told again, it counts once."""
        if not call.caller or not call.tenant:
            return
        key = (call.tenant, call.caller)
        # Taken out and put back: the last in order called last.
        calls = self._callers.pop(key, {})
        self._callers[key] = calls
        known = calls.get(call.call_id)
        operator = (known.operator if known else "") or call.operator
        calls[call.call_id] = _Call(call.started_at, operator, call.placed)
        self._size += known is None
        if len(calls) > MOST_OF_A_CALLER:
            del calls[min(calls, key=lambda call_id: calls[call_id].started_at)]
            self._size -= 1
        while self._size > self._most:
            oldest = next(iter(self._callers))
            self._size -= len(self._callers.pop(oldest))

    def variables(self, tenant: str, caller: str, at: int) -> dict[str, Value]:
        """What is known of a caller of the tenant at that instant (UTC milliseconds): `caller.calls` …"""
        calls = self._callers.get((tenant, caller), {}).values()
        recent = [call for call in calls if at - REMEMBERED_MS <= call.started_at <= at]
        if not recent:
            return dict(UNKNOWN)
        talked = [call for call in recent if call.operator]
        his = [call.started_at for call in recent if not call.placed]
        return {
            "caller.calls": len(his),
            "caller.last_operator": max(talked).operator if talked else "",
            "caller.last_call": round((at - max(his)) / _HOUR_MS, 2) if his else "",
        }

    def last_talk(self, tenant: str, numbers: Iterable[str], at: int, within_ms: int) -> str:
        """Who talked with whoever has these numbers in the last call begun so lately; "" for nobody."""
        calls = [call for one in numbers for call in self._callers.get((tenant, one), {}).values()]
        talked = [call for call in calls if call.operator and at - within_ms <= call.started_at <= at]
        return max(talked).operator if talked else ""


def introduce(call: Call) -> None:
    """Tell a new call what is known of its caller; journalled, so that a recovery knows the same."""
    previous = call.services.outside.previous
    known = previous.variables(call.started.tenant, call.started.caller, call.started_at)
    for name, value in known.items():
        if value != UNKNOWN[name]:
            call.set_variable(name, value)


def remember(call: Call) -> None:
    """A call has ended: it counts from now on."""
    started = call.started
    if started.direction == "in":
        past = PastCall(call.id, started.tenant, started.caller, call.started_at, call.last_operator)
    elif started.direction == "out" and is_e164(started.callee) and call.last_colleague:
        past = PastCall(
            call.id, started.tenant, started.callee, call.started_at, call.last_colleague, placed=True
        )
    else:
        return
    call.services.outside.previous.add(past)
