"""Text messages to mobiles: what is asked of a gateway, and one that speaks plain HTTP."""

from typing import Protocol

__all__ = ["GatewayAway", "Refused", "Sms"]


class GatewayAway(Exception):
    """The gateway did not take it now, or nobody knows whether it did; `again_s`: not before so long."""

    def __init__(self, message: str, again_s: float | None = None) -> None:
        super().__init__(message)
        self.again_s = again_s


class Refused(Exception):
    """This message is never taken; the message is the gateway's reason."""


class Sms(Protocol):
    """A gateway."""

    async def send(self, message_id: str, to: str, text: str) -> None:
        """Returns when the gateway has taken it. The same id again is the same message.

        `to` is E.164. Raises `GatewayAway` and `Refused`.
        """

    async def close(self) -> None: ...
