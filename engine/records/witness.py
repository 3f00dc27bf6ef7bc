"""What the switch's own log knows of a call, as events for the journal: for calls that lack their end."""

from collections.abc import Callable, Sequence
from functools import partial

from engine.directory.directory import Directory, Tenant
from engine.directory.fallback_targets import TargetFile, Tariff
from engine.directory.numbers import normalise
from engine.journal.base import Direction, EndedBy, LegResult
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    Event,
    LegAnswered,
    LegCreated,
    LegEnded,
    TalkEnded,
    TalkStarted,
)
from engine.journal.transfer_events import PartyChanged
from engine.settings import Settings
from engine.switch.cel import cause_of_end
from engine.switch.cel_calls import SwitchCall, SwitchChannel
from engine.switch.trunks import trunk_of_endpoint

Describe = Callable[[SwitchCall], CallStarted]
TimedEvent = tuple[Event, int]

_RESULTS: dict[int, LegResult] = {
    0: "cancelled",
    16: "cancelled",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "unavailable",
    26: "answered_elsewhere",
}


def endpoint_of(channel: str) -> str:
    """`PJSIP/romashka-101-desk-0000002a` → `romashka-101-desk`."""
    return channel.partition("/")[2].rpartition("-")[0]


class Describer:
    """Names the parties of a call that nobody journalled, by the directory as it is now.

    `trunk_of` tells the trunk of an endpoint. `targets` is what the engine wrote last: it knows the tenant of
    a number whose tenant's file is broken or gone now.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        cell: str,
        trunk_of: Callable[[str], str],
        targets: TargetFile,
    ) -> None:
        self._directory = directory
        self._cell = cell
        self._trunk_of = trunk_of
        self._targets = targets

    @classmethod
    def of(cls, settings: Settings, directory: Callable[[], Directory]) -> "Describer":
        """For an installation."""
        targets = TargetFile(settings.run_folder / "fallback.json")
        return cls(directory, settings.cell, partial(trunk_of_endpoint, settings), targets)

    def __call__(self, call: SwitchCall) -> CallStarted:
        directory, first = self._directory(), call.first
        account = endpoint_of(first.channel)
        user = directory.user_of_endpoint(account)
        home = directory.tenant(user.tenant) if user else None
        if user and home and first.extension in home.users:
            return self._started(
                call, "internal", home.name, _tariff(home), caller=user.extension, callee=first.extension,
                caller_name=user.name,
            )  # fmt: skip
        number = home.normalise(first.extension) if home else normalise(first.extension)
        entry = directory.number(number)
        tenant = directory.tenant(entry.tenant) if entry else None
        caller = user.extension if user else (tenant.normalise if tenant else normalise)(first.number)
        if tenant is None and home is not None:
            return self._started(call, "out", home.name, _tariff(home), caller=caller, callee=number)
        trunk = "" if user else self._trunk_of(account)
        if tenant is None:
            name = self._last_owner(number)
            return self._started(
                call, "in", name, self._targets.tariff(name), caller=caller, callee=number, number=number,
                trunk=trunk,
            )  # fmt: skip
        return self._started(
            call,
            "in",
            tenant.name,
            _tariff(tenant),
            caller=caller,
            callee=number,
            number=number,
            caller_name=user.name if user else tenant.name_of(caller),
            trunk=trunk,
            scenario=entry.scenario if entry else "",
        )

    def _last_owner(self, number: str) -> str:
        try:
            target = self._targets.find(number)
        except LookupError:  # no engine has ever run
            return ""
        return target.tenant if target else ""

    def _started(
        self,
        call: SwitchCall,
        direction: Direction,
        tenant: str,
        tariff: Tariff,
        *,
        caller: str,
        callee: str,
        number: str = "",
        caller_name: str = "",
        trunk: str = "",
        scenario: str = "",
    ) -> CallStarted:
        return CallStarted(
            direction,
            tenant,
            number,
            caller,
            call.first.channel,
            caller_name,
            callee,
            trunk,
            scenario,
            node=self._cell,
            meter_from=tariff.meter_from,
            kopecks_per_minute=tariff.kopecks_per_minute,
        )


def _tariff(tenant: Tenant) -> Tariff:
    return Tariff(tenant.tariff.meter_from, tenant.tariff.per_minute)


def party_of(call: SwitchCall, entries: Sequence[Entry]) -> SwitchChannel:
    """The channel whose end was the call's: the caller's, unless he passed the call on."""
    changes = [entry.event.leg for entry in entries if isinstance(entry.event, PartyChanged)]
    return call.legs.get(changes[-1], call.first) if changes else call.first


def missing_events(call: SwitchCall, entries: Sequence[Entry], describe: Describe) -> list[TimedEvent]:
    """What to append so that the call has its whole record. `entries` is what the journal has of it.

    The call must have ended in the switch's log; one whose end is journalled needs nothing.
    """
    first, last = call.first, party_of(call, entries)
    known = {type(entry.event) for entry in entries}
    if CallEnded in known or last.ended_at is None:
        return []
    found: list[TimedEvent] = []
    started = next((entry.event for entry in entries if isinstance(entry.event, CallStarted)), None)
    if started is None:
        started = describe(call)
        found.append((started, first.started_at))
    if first.answered_at is not None and CallAnswered not in known:
        found.append((CallAnswered(), first.answered_at))
    for leg in call.legs.values():
        found += _leg(call, leg, last.ended_at, entries)
    refused = started.tenant == "" and first.answered_at is None and not call.legs
    cause = cause_of_end(last.cause, last.ended_by)
    found.append((CallEnded(last.ended_by, cause, "switch", refused), last.ended_at))
    return found


def _leg(call: SwitchCall, leg: SwitchChannel, end: int, entries: Sequence[Entry]) -> list[TimedEvent]:
    known = {
        type(entry.event): entry for entry in entries if getattr(entry.event, "leg", "") == leg.channel_id
    }
    found: list[TimedEvent] = []
    if LegCreated not in known:
        account = endpoint_of(leg.channel)
        created = LegCreated(leg.channel_id, "operator", leg.channel.rpartition("-")[0], _extension(account))
        found.append((created, leg.started_at))
    if leg.answered_at is not None and LegAnswered not in known:
        found.append((LegAnswered(leg.channel_id), leg.answered_at))
    talks = call.talks(leg)
    ended_at = min(leg.ended_at or end, end)
    by: EndedBy = call.first.ended_by if call.first.ended_by in ("operator", "network") else "caller"
    if TalkStarted not in known:
        for talk in talks:
            found.append((TalkStarted(leg.channel_id, talk.bridge), talk.entered))
            found.append((TalkEnded(leg.channel_id, by), talk.left or ended_at))
    elif TalkEnded not in known:
        last = talks[-1].left if talks else None
        found.append((TalkEnded(leg.channel_id, by), last or ended_at))
    if LegEnded not in known:
        answered = leg.answered_at is not None
        result: LegResult = "answered" if answered else _RESULTS.get(leg.cause, "failed")
        found.append((LegEnded(leg.channel_id, result, leg.cause), ended_at))
    return found


def _extension(account: str) -> str:
    """`romashka-101-desk` → `101`; empty for what is no user's device."""
    parts = account.split("-")
    return parts[-2] if len(parts) >= 3 else ""
