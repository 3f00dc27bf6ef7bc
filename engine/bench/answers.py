"""The call of `vats bench --answers`: the caller is greeted, two telephones ring, and one is answered."""

from dataclasses import dataclass, field

ANSWERS_NUMBER = "+74950000002"
GROUP = "pair"
# The winner rings for a time between these, so that nothing is in step from call to call.
RING_MS = (250, 450)
# From the caller's own answer until he hangs up; the rest of it is talk.
STAY_MS = 2200
# What each side says, Hz: whole periods in a packet, and neither is in any music.
CALLER_HZ, OPERATOR_HZ = 600, 850


@dataclass
class AnsweredCall:
    """What became of one call. Times in nanoseconds of the wall clock, None: it did not happen."""

    rang: set[str] = field(default_factory=set)  # accounts
    answered: int | None = None  # the winner's telephone sends its 200 OK
    operator_heard: int | None = None  # the caller's first packet
    caller_heard: int | None = None  # the operator's first packet
    cancelled: int | None = None  # the loser's CANCEL comes
    elsewhere: bool = False  # which says that it was answered elsewhere
    stalled: bool = False  # the bench itself sent too late: what was heard when tells nothing

    def since_answer(self, at: int | None) -> float | None:
        """Milliseconds from the winner's 200 OK until then."""
        return None if at is None or self.answered is None else (at - self.answered) / 1e6

    def complaint(self, *, ended: bool) -> str:
        """Why this call did not go as it should; empty when it did."""
        if len(self.rang) < 2:
            return f"{len(self.rang)} of 2 telephones rang"
        if self.answered is None:
            return "ended before the answer"
        if self.operator_heard is None:
            return "operator does not hear the caller"
        if self.caller_heard is None:
            return "caller does not hear the operator"
        if self.cancelled is None:
            return "the other telephone rings on"
        if not self.elsewhere:
            return "the other telephone is not told that it was answered elsewhere"
        return "" if ended else "no end seen"


def key_of(number: str) -> str:
    """By which a call is known on both sides, however the number is written."""
    return "".join(character for character in number if character.isdigit())[-10:]
