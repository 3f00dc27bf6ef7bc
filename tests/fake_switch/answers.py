"""How a request is answered: what all groups of requests share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tests.fake_switch.model import Channel

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk

Answer = tuple[int, str, Any]
NO_CONTENT: Answer = (204, "No Content", None)


def said(status: int, reason: str, message: str) -> Answer:
    return status, reason, {"message": message}


CHANNEL_GONE = said(404, "Not Found", "Channel not found")
BRIDGE_GONE = said(404, "Not found", "Bridge not found")
RECORDING_GONE = said(404, "Not Found", "Recording not found")
NOT_IN_STASIS = said(409, "Conflict", "Channel not in Stasis application")


class Handlers:
    """`ROUTES`: method, pattern of the path, name of the method that answers (without its underscore)."""

    ROUTES: ClassVar[tuple[tuple[str, str, str], ...]] = ()

    def __init__(self, switch: "FakeAsterisk") -> None:
        self._switch = switch

    def _with_channel(self, channel_id: str, action: Callable[[Channel], Answer]) -> Answer:
        """For requests to a channel's control: it is gone with the hangup; a leg has none before Stasis."""
        channel = self._switch.channels.channels.get(channel_id)
        if channel is None or channel.dying:
            return CHANNEL_GONE
        if not channel.in_stasis:
            return NOT_IN_STASIS
        answer = action(channel)
        self._switch.hearing.look(channel)
        return answer

    def _is_dying(self, channel_id: str) -> bool:
        """He has hung up, and whether this request still finds him is open."""
        channel = self._switch.channels.channels.get(channel_id)
        return channel is not None and channel.dying and self._switch.delays.perhaps()
