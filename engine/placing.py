"""Click-to-call: the operation `call.place`. It rings the user first, then calls as if he had dialled."""

from collections.abc import Callable, Mapping

from engine.calls.click import NotPlaced, Placing, new_call_id
from engine.calls.lines import Lines
from engine.calls.outgoing import LINES_BUSY, NO_ROUTE, explained, refusal
from engine.calls.switchboard import Switchboard
from engine.clock import Clock
from engine.directory.codes import SERVICE_CODES
from engine.directory.directory import Directory, Tenant, User
from engine.directory.named import tenant_named, user_named
from engine.directory.names import known_name, shown
from engine.directory.numbering import Dialled, resolve
from engine.directory.routes import own_numbers
from engine.operations import Handler
from engine.reception import Reception

LONGEST_RING_S = 120.0
REACHABLE = ("user", "group", "queue", "number", "outside", "emergency")


class CallPlacer:
    """Places calls for users. `cell` is the node's name, the beginning of call ids."""

    def __init__(
        self,
        switchboard: Switchboard,
        reception: Reception,
        directory: Callable[[], Directory],
        lines: Lines,
        clock: Clock,
        cell: str,
    ) -> None:
        self._switchboard = switchboard
        self._reception = reception
        self._directory = directory
        self._lines = lines
        self._clock = clock
        self._cell = cell

    def operations(self) -> Mapping[str, Handler]:
        """`call.place`."""
        return {"call.place": self.place}

    async def place(
        self,
        tenant: str,
        user: str,
        number: str,
        own_number: str = "",
        timeout: float = 30.0,
        answers_by_itself: bool = False,
    ) -> dict[str, object]:
        """Ring the telephones of `user` for `timeout` seconds, then call `number`, as he would dial it.

        Returns when he has answered. `own_number` is the one of the company's numbers to be shown outside;
        with `answers_by_itself` his telephone is asked to answer at once, as a loudspeaker.

        Raises `NotPlaced`
        or `Unknown`.
        """
        company, person = self._find(tenant, user, timeout)
        dialled = _with_own_number(company, number, own_number)
        destination = resolve(company, dialled)
        self._may_be_made(company, destination, user, number)
        target, name = _display(company, destination)
        placing = Placing(user, person.endpoints(), target, name, timeout, answers_by_itself)
        call_id = await self._ring(company, person, dialled, placing)
        return {"call_id": call_id, "user": user, "number": destination.value}

    async def place_code(self, tenant: str, user: str, code: str, timeout: float = 30.0) -> str:
        """Ring the telephones of `user`, then do as if he had dialled this service code; the call's id.

        No operation by itself: whoever uses it has seen to it that the user may. Raises `NotPlaced`
        or `Unknown`.
        """
        company, person = self._find(tenant, user, timeout)
        return await self._ring(company, person, code, Placing(user, person.endpoints(), code, "", timeout))

    def _find(self, tenant: str, user: str, timeout: float) -> tuple[Tenant, User]:
        if not self._switchboard.ready:
            raise NotPlaced("the engine is not connected to Asterisk")
        if not 0 < timeout <= LONGEST_RING_S:
            raise NotPlaced(f"timeout is {timeout:g} s, expected 1 to {LONGEST_RING_S:g}")
        company = tenant_named(self._directory(), tenant)
        return company, user_named(company, user)

    async def _ring(self, company: Tenant, person: User, dialled: str, placing: Placing) -> str:
        call_id = new_call_id(self._cell, self._clock.wall_ms())
        self._switchboard.place(self._reception.placement(company, person, dialled), call_id, placing)
        if why := await placing.outcome:
            raise NotPlaced(f"call {call_id}: {why}")
        return call_id

    def _may_be_made(self, tenant: Tenant, destination: Dialled, user: str, number: str) -> None:
        if destination.kind not in REACHABLE:
            raise NotPlaced(
                f"{number!r} is neither an extension of tenant {tenant.name} nor a number outside"
            )
        if destination == Dialled("user", user):
            raise NotPlaced(f"{user} cannot call himself")
        if destination.kind == "emergency":
            return
        why = refusal(self._lines, tenant, destination, user) if destination.kind == "outside" else None
        if why is LINES_BUSY or self._lines.tenant_full(tenant):
            raise NotPlaced(explained(LINES_BUSY, tenant, destination.value))
        if why is NO_ROUTE:
            raise NotPlaced(explained(why, tenant, destination.value))
        if why is not None:
            raise NotPlaced(f"user {user} of tenant {tenant.name} may not call {destination.value}")


def _with_own_number(tenant: Tenant, number: str, own_number: str) -> str:
    """As dialled by hand: `*5K` and the number. Raises `NotPlaced` for a number that is not among the own."""
    if not own_number:
        return number
    chosen, known = tenant.normalise(own_number), own_numbers(tenant)
    if chosen not in known:
        raise NotPlaced(
            f"{own_number} is none of the tenant's own numbers: {', '.join(known) or 'it has none'}"
        )
    if resolve(tenant, number).kind not in ("outside", "emergency"):
        return number  # inside nobody is shown it
    code = next(one.code for one in SERVICE_CODES if one.name == "own_number")
    return f"{code}{known.index(chosen) + 1}{number}"


def _display(tenant: Tenant, destination: Dialled) -> tuple[str, str]:
    """What the user's telephone shows while it rings: whom it will call."""
    match destination.kind:
        case "user":
            return destination.value, tenant.users[destination.value].name
        case "group":
            return tenant.groups[destination.value].extension, destination.value
        case "queue":
            return tenant.queues[destination.value].extension or "", destination.value
        case _:
            return shown(tenant, destination.value, known_name(tenant, destination.value))
