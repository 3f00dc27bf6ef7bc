"""Operation of listening in: `listening.start` rings the listener first, then lets him hear the talk."""

from collections.abc import Callable, Mapping
from typing import get_args

from engine.calls.exchange import Exchange
from engine.calls.listening import talk_of
from engine.directory.codes import SERVICE_CODES
from engine.directory.directory import Directory
from engine.directory.named import tenant_named, user_named
from engine.journal.transfer_events import ListeningMode
from engine.operations import Handler
from engine.placing import CallPlacer


class NotListening(Exception):
    """Nobody was rung; the message says why."""


def listening_operations(
    placer: CallPlacer, directory: Callable[[], Directory], exchange: Exchange
) -> Mapping[str, Handler]:
    """The handlers, by operation. `NotListening`, `NotPlaced` and `Unknown` are the answer's error."""

    async def start(
        tenant: str, listener: str, user: str, mode: str = "listen", timeout: float = 30.0
    ) -> dict[str, object]:
        """Returns when the listener has answered; he is let go when the talk of `user` is over."""
        if mode not in get_args(ListeningMode):
            raise NotListening(f"mode is {mode!r}, expected one of {', '.join(get_args(ListeningMode))}")
        company = tenant_named(directory(), tenant)
        user_named(company, listener)
        user_named(company, user)
        if not company.may_listen(listener, user):
            raise NotListening(f"user {listener} of tenant {tenant} may not listen to {user}")
        if talk_of(exchange, company, user) is None:
            raise NotListening(f"user {user} of tenant {tenant} is not in a talk now")
        code = next(one.code for one in SERVICE_CODES if one.name == mode)
        call_id = await placer.place_code(tenant, listener, f"{code}{user}", timeout)
        return {"call_id": call_id, "listener": listener, "user": user, "mode": mode}

    return {"listening.start": start}
