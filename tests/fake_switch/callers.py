"""The other end of a call that comes in."""

from typing import TYPE_CHECKING

from tests.fake_switch.model import Channel
from tests.fake_switch.sound import heard_by

if TYPE_CHECKING:
    from tests.fake_switch.channels import Channels


class Caller:
    """Drives one calling party."""

    def __init__(self, channels: "Channels", channel: Channel) -> None:
        self._channels = channels
        self.channel = channel

    @property
    def id(self) -> str:
        return self.channel.id

    @property
    def answered(self) -> bool:
        return self.channel.answered_ms is not None

    @property
    def gone(self) -> bool:
        return self.channel.dying or self.channel.ended_ms is not None

    @property
    def hears(self) -> str:
        """silence, ringback, music, prompt, talk, dialplan or gone."""
        return heard_by(self.channel)

    @property
    def hears_media(self) -> str:
        """The media URI that is being played to him, "" when none is."""
        playbacks = self.channel.playbacks
        return playbacks[0].media[playbacks[0].position] if playbacks else ""

    def press(self, digit: str) -> None:
        """One key; nothing happens when he has hung up."""
        self._channels.digit(self.channel, digit)

    def hang_up(self, cause: int = 0) -> None:
        """BYE, or CANCEL when not yet answered; `cause` as in a Reason header."""
        self._channels.party_hangs_up(self.channel, cause)
