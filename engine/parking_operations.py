"""Operations of parking: who waits where."""

from collections.abc import Mapping

from engine.calls.call import Call
from engine.operations import Handler
from engine.records.query import iso


def parking_operations(calls: Mapping[str, Call]) -> Mapping[str, Handler]:
    """`parking.list`: the parked calls of one tenant, or of all; `calls` are those that run now, by id."""

    async def listing(tenant: str = "") -> list[dict[str, object]]:
        parked = [call for call in calls.values() if call.parked and tenant in ("", call.tenant.name)]
        return [
            {
                "tenant": call.tenant.name,
                "place": call.parked,
                "call_id": call.id,
                "caller": call.party.number or (call.party.target.user if call.party.target else ""),
                "caller_name": call.party.caller_name,
                "by": call.transfer.user if call.transfer else "",
                "since": iso(call.parked_at),
            }
            for call in sorted(parked, key=lambda one: (one.tenant.name, one.parked))
        ]

    return {"parking.list": listing}
