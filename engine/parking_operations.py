"""Operations of parking: who waits where."""

from collections.abc import Callable, Mapping

from engine.calls.call import Call
from engine.directory.directory import Directory
from engine.directory.named import tenant_named
from engine.directory.names import known_name
from engine.operations import Handler
from engine.records.query import iso


def parking_operations(
    calls: Mapping[str, Call], directory: Callable[[], Directory]
) -> Mapping[str, Handler]:
    """`parking.list`: the parked calls of one tenant, or of all; `calls` are those that run now, by id.

    `Unknown` is the answer's error.
    """

    async def listing(tenant: str = "") -> list[dict[str, object]]:
        if tenant:
            tenant_named(directory(), tenant)
        parked = [call for call in calls.values() if call.parked and tenant in ("", call.tenant.name)]
        return [
            {
                "tenant": call.tenant.name,
                "place": call.parked,
                "call_id": call.id,
                **dict(zip(("caller", "caller_name"), _who_waits(call), strict=True)),
                "by": call.transfer.user if call.transfer else "",
                "since": iso(call.parked_at),
            }
            for call in sorted(parked, key=lambda one: (one.tenant.name, one.parked))
        ]

    return {"parking.list": listing}


def _who_waits(call: Call) -> tuple[str, str]:
    """Number and name of whoever called, or was called by the one who parked him."""
    party, tenant = call.party, call.tenant
    if party.target is None:
        return party.number, party.caller_name
    if user := tenant.person(party.target.user):
        return party.target.user, user.name
    return party.target.number, known_name(tenant, party.target.number)
