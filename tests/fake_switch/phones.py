"""How the telephones of a test behave."""

from dataclasses import dataclass


@dataclass
class Phone:
    """One endpoint's script. Times are seconds, counted from the phone's INVITE.

    Every call to it goes the same way until the script is changed.
    """

    endpoint: str
    registered: bool = True
    rings_after: float | None = 0.05
    answers_after: float | None = None
    refuses_after: float | None = None
    refusal: tuple[int, int] = (17, 486)  # Q.850 cause, SIP code
    hangs_up_after: float | None = None  # counted from the answer
    invited: int = 0  # calls that reached it
    last_caller: str = ""  # what its display showed, `NAME <NUMBER>`

    def answers(self, after: float = 2.0) -> "Phone":
        self._reset()
        self.answers_after = after
        return self

    def hangs_up(self, after: float) -> "Phone":
        """After having talked that long."""
        self.hangs_up_after = after
        return self

    def busy(self, after: float = 0.1) -> "Phone":
        return self.refuses(17, 486, after)

    def rejects(self, after: float = 1.0) -> "Phone":
        """The person presses the red button (603)."""
        return self.refuses(21, 603, after)

    def unavailable(self, after: float = 0.1) -> "Phone":
        """480, as a phone in do-not-disturb says."""
        return self.refuses(19, 480, after)

    def refuses(self, cause: int, sip_code: int, after: float = 0.1) -> "Phone":
        self._reset()
        self.refuses_after, self.refusal = after, (cause, sip_code)
        return self

    def no_answer(self) -> "Phone":
        """Rings for ever."""
        self._reset()
        return self

    def silent(self) -> "Phone":
        """Does not even ring: the INVITE is lost on the way."""
        self._reset()
        self.rings_after = None
        return self

    def unregistered(self) -> "Phone":
        self._reset()
        self.registered = False
        return self

    def _reset(self) -> None:
        self.registered, self.rings_after = True, 0.05
        self.answers_after = self.refuses_after = self.hangs_up_after = None
