"""What operators' programs do with running calls, by the engine's socket: `call.transfer`, `call.consult`,
`call.complete`, `call.swap`, `call.cancel`, `call.park`, `call.hang_up`.
"""

from collections.abc import Mapping
from typing import Literal

from engine.calls.call import Call
from engine.calls.leg import Leg
from engine.calls.recording import user_of
from engine.calls.together import together
from engine.calls.transfer.number import MESSAGES, wrong_destination
from engine.calls.wishes import Act, ConsultWith, Park, TransferTo, Wish
from engine.operations import Handler


def call_operations(calls: Mapping[str, Call]) -> Mapping[str, Handler]:
    """Handlers. What cannot be done fails with a message that names the call and why."""

    def wish(call_id: str, by: str, make: type[Wish], *arguments: object) -> dict[str, object]:
        call = _find(calls, call_id)
        leg = _transferrer(call, by)
        if call.consultant is not None:
            asking = user_of(call, call.consultant)
            raise ValueError(f"call {call_id}: {asking} is asking somebody: complete or cancel that first")
        call.wanted.wish(make(leg, *arguments))  # type: ignore[arg-type]
        return {"call_id": call.id, "by": user_of(call, leg)}

    async def transfer(call_id: str, to: str, by: str = "") -> dict[str, object]:
        _reachable(calls, call_id, to, by)
        return wish(call_id, by, TransferTo, to, "operation")

    async def consult(call_id: str, to: str, by: str = "") -> dict[str, object]:
        _reachable(calls, call_id, to, by, consulted=True)
        return wish(call_id, by, ConsultWith, to, "operation")

    async def act(name: Literal["complete", "swap", "cancel"], call_id: str) -> dict[str, object]:
        call = _find(calls, call_id)
        if call.consultant is None:
            raise ValueError(f"call {call_id}: nobody is being consulted")
        call.wanted.wish(Act(call.consultant, name))
        return {"call_id": call.id, "by": user_of(call, call.consultant)}

    async def complete(call_id: str) -> dict[str, object]:
        return await act("complete", call_id)

    async def swap(call_id: str) -> dict[str, object]:
        return await act("swap", call_id)

    async def cancel(call_id: str) -> dict[str, object]:
        return await act("cancel", call_id)

    async def park(call_id: str, by: str = "") -> dict[str, object]:
        return wish(call_id, by, Park, "operation")

    async def hang_up(call_id: str) -> dict[str, object]:
        call = _find(calls, call_id)
        # Of a call that we place all telephones of the user may ring still.
        legs = [leg for leg in call.legs.values() if leg is call.party or leg.role == "caller"]
        await together(*(call.legs.drop(leg, "normal") for leg in legs))
        return {"call_id": call.id}

    return {
        "call.transfer": transfer,
        "call.consult": consult,
        "call.complete": complete,
        "call.swap": swap,
        "call.cancel": cancel,
        "call.park": park,
        "call.hang_up": hang_up,
    }


def _find(calls: Mapping[str, Call], call_id: str) -> Call:
    call = calls.get(call_id)
    if call is None:
        raise LookupError(f"there is no call {call_id} now")
    return call


def _reachable(calls: Mapping[str, Call], call_id: str, to: str, by: str, *, consulted: bool = False) -> None:
    call = _find(calls, call_id)
    user = user_of(call, _transferrer(call, by))
    wrong = wrong_destination(call.tenant, to, user, consulted=consulted)
    if wrong is not None:
        raise ValueError(f"call {call_id}: {MESSAGES[wrong].format(to=to, by=user)}")


def _transferrer(call: Call, by: str) -> Leg:
    """Of the two who talk the tenant's user `by`; where it is left out, the one of them who is a user, the
    one who was called before the one who called.
    """
    if call.talking_with is None:
        raise ValueError(f"call {call.id}: nobody talks in it now")
    ours = [leg for leg in (call.talking_with, call.party) if user_of(call, leg)]
    if by:
        ours = [leg for leg in ours if user_of(call, leg) == by]
    if not ours:
        raise ValueError(f"call {call.id}: {f'{by} does not talk in it' if by else 'no user talks in it'}")
    return ours[0]
