"""How the telephones of a test behave."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fake_switch.callers import Caller

Action = Callable[["Caller"], None]


@dataclass
class Phone:
    """One endpoint's script. Times are seconds, counted from the phone's INVITE.

    Every call to it goes the same way until the script is changed. But what it does while talking (`presses`,
    `holds`, `refers`, `does`, in seconds from its answer) it does in the next call only.
    `lines` are its ends of all calls that reached it or that it made, `line` the last one.
    """

    endpoint: str
    registered: bool = True
    rings_after: float | None = 0.05
    progresses_after: float | None = None  # 183, as networks send
    plays_early: bool = True  # it has sound, else no SDP
    answers_after: float | None = None
    refuses_after: float | None = None
    refusal: tuple[int, int] = (17, 486)  # Q.850 cause, SIP code
    hangs_up_after: float | None = None  # counted from the answer
    invited: int = 0  # calls that reached it
    last_caller: str = ""  # what its display showed, `NAME <NUMBER>`
    lines: "list[Caller]" = field(default_factory=list)
    actions: list[tuple[float, Action]] = field(default_factory=list)

    @property
    def line(self) -> "Caller":
        return self.lines[-1]

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

    def progresses(self, after: float = 0.1, *, sound: bool = True) -> "Phone":
        """183 with sound before the answer, or without."""
        self.progresses_after, self.plays_early = after, sound
        return self

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

    def does(self, after: float, action: Action) -> "Phone":
        """Anything, with its end of the call; nothing when that is over by then."""
        self.actions.append((after, action))
        return self

    def presses(self, after: float, keys: str, every: float = 0.2) -> "Phone":
        return self.does(after, lambda line: line.press(keys, every))

    def holds(self, after: float) -> "Phone":
        return self.does(after, lambda line: line.hold())

    def unholds(self, after: float) -> "Phone":
        return self.does(after, lambda line: line.unhold())

    def refers(self, after: float, number: str, hangs_up_on: str = "success") -> "Phone":
        """Blind transfer by its transfer key."""
        return self.does(after, lambda line: line.refer(number, hangs_up_on))

    def takes_actions(self) -> list[tuple[float, Action]]:
        """What is to be done in the call that has just come."""
        actions, self.actions = self.actions, []
        return actions

    def _reset(self) -> None:
        self.registered, self.rings_after = True, 0.05
        self.answers_after = self.refuses_after = self.hangs_up_after = self.progresses_after = None
        self.actions = []
