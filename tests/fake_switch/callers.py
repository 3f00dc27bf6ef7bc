"""One party's end of a call: of a caller, or of a phone that is rung."""

from functools import partial
from typing import TYPE_CHECKING

from tests.fake_switch.model import Channel
from tests.fake_switch.sound import heard_by, sources_of

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk


class Caller:
    """Drives one party. What he does after he has hung up changes nothing."""

    def __init__(self, switch: "FakeAsterisk", channel: Channel) -> None:
        self._switch = switch
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
        """silence, ringback, ringing (the tone, after the answer), music, prompt, talk, dialplan or gone."""
        return heard_by(self.channel)

    @property
    def hears_from(self) -> frozenset[str]:
        """All that reaches him now: prompt, music, ringing, ringback, and channel ids of those who talk."""
        return sources_of(self.channel)

    def talks_with(self, other: "Caller") -> bool:
        """The two hear each other and nothing else."""
        return self.hears_from == {other.id} and other.hears_from == {self.id}

    @property
    def hears_media(self) -> str:
        """The media URI that is being played to him, "" when none is."""
        playbacks = self.channel.playbacks
        return playbacks[0].media[playbacks[0].position] if playbacks else ""

    @property
    def keys_heard(self) -> str:
        """All keys that came to him: pressed by those whom he talked with, or sent by us."""
        return self.channel.keys_heard

    @property
    def display(self) -> str:
        """`NAME <NUMBER>`, as last written to his channel."""
        return f"{self.channel.connected_name} <{self.channel.connected_number}>"

    @property
    def told(self) -> list[int]:
        """SIP codes that the phone got for its last REFER: 202, then those of the NOTIFYs."""
        return list(self.channel.refers[-1].told) if self.channel.refers else []

    def press(self, digits: str, every: float = 0.0) -> None:
        """Keys, the first one now, the others `every` so many seconds."""
        for index, digit in enumerate(digits):
            if index and every:
                self._switch.after(index * every, partial(self._switch.parties.digit, self.channel, digit))
            else:
                self._switch.parties.digit(self.channel, digit)

    def answer(self) -> None:
        """A phone that is rung is picked up."""
        self._switch.parties.answers(self)

    def refuse(self, cause: int = 17, sip_code: int = 486) -> None:
        """A phone that is rung says no."""
        if self.channel.state != "Up":
            self._switch.parties.refuses(self.channel, cause, sip_code)

    def hold(self) -> None:
        self._switch.parties.hold(self.channel, True)

    def unhold(self) -> None:
        self._switch.parties.hold(self.channel, False)

    def refer(self, number: str, hangs_up_on: str = "success") -> None:
        """Blind transfer. The phone says BYE on `success` (NOTIFY 200), once `accepted` (202), or `never`."""
        self._switch.parties.refer(self.channel, number, None, "", hangs_up_on)

    def refer_replacing(self, other: "Caller | str", number: str = "", hangs_up_on: str = "success") -> None:
        """Attended transfer: REFER with Replaces of the same phone's other call, or of an unknown Call-ID."""
        replaced = None if isinstance(other, str) else other.channel
        protocol_id = other if isinstance(other, str) else other.channel.protocol_id
        if replaced is not None:
            number = number or replaced.extension
        self._switch.parties.refer(self.channel, number, replaced, protocol_id, hangs_up_on)

    def hang_up(self, cause: int = 0) -> None:
        """BYE, or CANCEL when not yet answered; `cause` as in a Reason header."""
        self._switch.channels.party_hangs_up(self.channel, cause)

    def __repr__(self) -> str:
        return f"<{self.channel.name} hears {self.hears} {sorted(self.hears_from)}>"
