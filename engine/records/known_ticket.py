"""What is known of a ticket in memory."""

from typing import Literal

import msgspec

TicketState = Literal["open", "answered", "waiting", "closed"]


class KnownTicket(msgspec.Struct, frozen=True, gc=False):
    """A ticket of a tenant. `operator` is who last talked about it: an extension or number, or empty."""

    ticket: str
    state: TicketState = "open"
    operator: str = ""
