"""How people of a tenant are reached now: by their telephones, or where their calls are forwarded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from engine.calls.leg import Target
from engine.calls.outgoing import refusal, stage_outside
from engine.calls.plan import Outcome, Plan, Stage, Way
from engine.directory.forwarding import CHAIN_LIMIT
from engine.directory.numbering import resolve
from engine.directory.routes import may_call
from engine.directory.user_settings import Condition, Forward
from engine.journal.base import Value

if TYPE_CHECKING:
    from engine.calls.services import Outside
    from engine.directory.directory import Tenant

log = structlog.get_logger(__name__)

_CONDITIONS: dict[Outcome, Condition] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "unavailable": "unreachable",
    "failed": "unreachable",
}


class People:
    """Plans for one call. `caller` is the extension of whoever calls, "" for one from outside; `number` what
    a telephone outside shows of him, where its trunk lets numbers pass that are not the tenant's. `dialled`
    is the city number that he has called, `call_id` the call: to be in this one makes nobody busy.
    """

    def __init__(
        self,
        tenant: Tenant,
        outside: Outside,
        *,
        caller: str = "",
        number: str = "",
        dialled: str = "",
        call_id: str = "",
    ) -> None:
        self._tenant = tenant
        self._outside = outside
        self._caller = caller
        self._number = number
        self._dialled = dialled
        self._call_id = call_id

    def plan(
        self,
        extensions: Sequence[str],
        timeout: float,
        *,
        order: str = "all",
        times: Mapping[str, float] | None = None,
        personal: bool = True,
    ) -> Plan:
        """Ring these people, of whom each is once in the list, for `timeout` seconds.

        One alone has the time for each place where he is forwarded; several share it. `times` are those of
        people who are tried for a time of their own. Without `personal` what they have set does not count.
        """
        alone = len(extensions) == 1
        row = self._in_order(extensions, order)
        stages = [(one, self._stage(one, timeout if alone else None, personal=personal)) for one in row]
        if order == "all":
            # Who is rung on a colleague's way as well is rung on his own, which may lead on.
            stages.sort(key=lambda each: any(target.user != each[0] for target in each[1].targets))
        ways = tuple(Way(stage, (times or {}).get(one)) for one, stage in stages)
        return Plan(ways, None if alone else timeout, in_turn=order != "all" and not alone)

    def _in_order(self, extensions: Sequence[str], order: str) -> list[str]:
        match order:
            case "random":
                return self._outside.dice.sample(list(extensions), len(extensions))
            case "least_recent":
                return sorted(extensions, key=lambda one: self._outside.queues.idle_since(self._tenant, one))
            case _:
                return list(extensions)

    def _stage(
        self, extension: str, seconds: float | None, path: tuple[str, ...] = (), *, personal: bool = True
    ) -> Stage:
        targets = devices(self._tenant, extension)
        if not personal:
            return Stage(targets, seconds)
        path = (*path, extension)
        user = self._tenant.person(extension)
        settings = self._outside.user_settings.of(self._tenant.name, extension)

        def onward(condition: Condition, otherwise: Callable[[], Stage]) -> Stage | None:
            forward = settings.forwards.get(condition)
            return self._forwarded(forward, extension, seconds, path, otherwise) if forward else None

        def then(outcome: Outcome) -> Stage | None:
            condition = _CONDITIONS.get(outcome)
            return onward(condition, lambda: Stage((), outcome=outcome)) if condition else None

        def own() -> Stage:
            if settings.do_not_disturb:
                return Stage((), then=then, outcome="busy")
            no_answer = settings.forwards.get("no_answer")
            rings_for = seconds
            if no_answer is not None and then("no_answer") is not None:
                rings_for = no_answer.seconds if seconds is None else min(seconds, no_answer.seconds)
            stage = Stage(targets, rings_for, then)
            if user is None or user.call_waiting:
                return stage
            return stage.only(
                lambda: not self._outside.queues.in_call(self._tenant, extension, self._call_id),
                otherwise=lambda: Stage((), then=then, outcome="busy"),
            )

        return onward("always", own) or own()

    def _forwarded(
        self,
        forward: Forward,
        by: str,
        seconds: float | None,
        path: tuple[str, ...],
        otherwise: Callable[[], Stage],
    ) -> Stage | None:
        """Where his calls go; None where they cannot: then it is as if he had not forwarded them. `otherwise`
        gives what rings in its place where too many calls outside are going on by then.
        """
        if len(path) > CHAIN_LIMIT:
            return None
        tenant, lines = self._tenant, self._outside.lines
        destination = resolve(tenant, forward.to)
        if destination.kind == "user":
            # Round in a circle, or back to whoever calls.
            known = destination.value in path or destination.value == self._caller
            return None if known else self._stage(destination.value, seconds, path)
        if destination.kind == "number":
            if destination.value == self._dialled:
                return None  # round in a circle
        elif destination.kind != "outside" or not may_call(tenant, destination.value, by):
            return None
        stage = stage_outside(
            lines,
            tenant,
            destination,
            by,
            original=self._number,
            confirm=forward.confirm and destination.kind == "outside",  # a scenario presses no key
            forwarded_by=by,
        )

        def allowed() -> bool:
            why = refusal(lines, tenant, destination, by)
            if why is not None:
                log.warning("forward.not_made", tenant=tenant.name, user=by, to=forward.to, cause=why.reason)
            return why is None

        if stage is None:
            return None
        # Each of its telephones rings for so long.
        return stage.each(lambda one: replace(one, seconds=seconds)).only(allowed, otherwise)


class Asks(Protocol):
    """What is asked of a call about who calls."""

    @property
    def id(self) -> str: ...

    @property
    def tenant(self) -> Tenant: ...

    @property
    def outside(self) -> Outside: ...

    @property
    def party_user(self) -> str: ...

    @property
    def variables(self) -> Mapping[str, Value]: ...


def people_of(call: Asks) -> People:
    """For whom it is now calls."""
    number = str(call.variables.get("caller.number") or "")
    dialled = str(call.variables.get("number") or "")
    return People(
        call.tenant, call.outside, caller=call.party_user, number=number, dialled=dialled, call_id=call.id
    )


def devices(tenant: Tenant, extension: str) -> tuple[Target, ...]:
    """All devices of a user, or of a secretary of the tenant's; none where there is no such user."""
    user = tenant.person(extension)
    return tuple(Target(endpoint, user=extension) for endpoint in user.endpoints()) if user else ()
