"""What a step may see and do of a call. `LiveConversation` is one on the switch, the simulator's is
another: a step knows neither.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from engine.calls.queueing import NO_WANTS, Wants
from engine.directory.prompt_model import Prompt
from engine.journal.base import Value
from engine.journal.events import Event
from engine.journal.transfer_events import ListeningMode

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from engine.calls.dialer import RingResult
    from engine.calls.leg import Target
    from engine.calls.listening import Listened
    from engine.calls.plan import Plan
    from engine.calls.queueing import Meanwhile, Queued
    from engine.calls.services import Outside
    from engine.directory.directory import Tenant

T = TypeVar("T")


class Conversation(Protocol):
    """Every wait raises `CallOver` when the caller is gone; it is no `Exception`, and no step catches it."""

    @property
    def id(self) -> str: ...

    @property
    def tenant(self) -> Tenant: ...

    @property
    def variables(self) -> Mapping[str, Value]:
        """Filled into texts; changed by `set_variable` alone."""

    @property
    def language(self) -> str:
        """What the caller hears: the variable `language`."""

    @property
    def party_user(self) -> str:
        """The extension of the tenant's user whom the call is for now; "" where it is nobody of his."""

    @property
    def log(self) -> FilteringBoundLogger: ...

    @property
    def outside(self) -> Outside:
        """What steps use beside the call itself."""

    def now(self) -> int:
        """The wall clock, UTC milliseconds."""

    def seconds(self) -> float:
        """A clock for limits; it never jumps."""

    @property
    def step(self) -> str:
        """The name of the step being run."""

    @property
    def step_id(self) -> str:
        """Tells this visit of this step from every other; the same after a recovery."""

    def set_variable(self, name: str, value: Value, *, secret: bool = False) -> None:
        """Journalled, so that a recovery knows it. Of a secret it knows only that there was one: None."""

    def name_caller(self, name: str) -> None:
        """It has been found out who calls: record and telephones that ring from now on have this name."""

    def attempt(self) -> int:
        """Which try of this step it is, from 1; kept across a recovery."""

    def next_attempt(self) -> int:
        """Count one more."""

    async def answer(self) -> None:
        """Answer the caller; does nothing when he has been answered."""

    async def play(
        self, *prompts: Prompt, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        """Play prompts in order, answering first. With `barge_in` a digit stops them and is returned; they
        stop as well when `stop` holds, which is looked at after every event and every `changed`.

        Raises `PromptMissing` for one that was never made, `PromptFailed` when the switch could not play it.
        """

    async def play_media(
        self, media: Sequence[str], *, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        """The same for media URIs, such as `sound:` and a file without its ending."""

    async def read_digit(self, timeout: float, *, stop: Callable[[], bool] | None = None) -> str | None:
        """The next digit the caller keys in; None when `timeout` seconds have passed, or `stop` holds."""

    async def until(self, condition: Callable[[], T], timeout: float | None = None) -> T | None:
        """The condition's first true value, looked at after every event and every `changed`; None when
        `timeout` seconds have passed.
        """

    def changed(self) -> None:
        """Let whoever waits look again whether his `stop` holds."""

    @property
    def queued(self) -> Queued:
        """The queue that he has entered last, when, and what he brought; also when he has left it."""

    def enter_queue(self, queue: str, wants: Wants = NO_WANTS) -> int:
        """Journal that he waits in this queue, and with what, unless a recovery found him in it; since when,
        UTC ms.
        """

    @property
    def recording_message(self) -> bool:
        """A recovery found the caller speaking his message: the step is to go on with it at once."""

    async def record_message(
        self, mailbox: str, *, beep: bool, longest_s: float, silence_s: float, shortest_s: float
    ) -> bool:
        """Record what the caller says until `#`, silence, the limit or his hangup; whether it is a message.

        Raises `StepError` where the switch could not record.
        """

    async def record_greeting(self, *, longest_s: float, silence_s: float) -> str | None:
        """Record what he says after a beep until `#`, silence or the limit; the switch's name of it, None
        where he said nothing. Raises `StepError` where the switch could not record.
        """

    def journal(self, event: Event, at: int | None = None) -> None:
        """Write down what happened; `at` in UTC milliseconds, now where it is left out."""

    def secret_digits(self) -> AbstractContextManager[None]:
        """Digits read within are written down nowhere."""

    def forget_digits(self) -> None:
        """What was keyed in so far is no choice in what comes next."""

    async def pause(self, seconds: float) -> None:
        """Wait; the caller hears what he heard before."""

    async def wait_for(self, work: Coroutine[Any, Any, T], prompt: Prompt | None = None) -> T:
        """The result of something outside of the call; cancelled when the caller hangs up.

        After a second of waiting he hears `prompt` to its end, then music, and what he keys in from then on
        is forgotten. Raises what `work` raises.
        """

    async def start_music(self, queue: str = "") -> None:
        """Something to hear while he waits: music once answered, that of the queue if it has its own; the
        ringing tone before.
        """

    async def stop_music(self) -> None: ...

    @property
    def adopted(self) -> bool:
        """A recovery found people ringing or talking: the step is to `ring` at once, its targets do not
        matter, for `ring` goes on with those legs (or tells how it ended while nobody was looking).
        """

    async def announce_recording(self, users: Collection[str]) -> None:
        """Tell him, once in a call, that talks are recorded, where a rule says so; `ring` does it as well.

        `users` are the extensions of whoever may talk with him next.
        """

    async def ring(
        self, targets: Sequence[Target], *, timeout: float, meanwhile: Meanwhile | None = None
    ) -> RingResult:
        """Ring all targets; the first to answer talks with the caller, until one of the two hangs up.

        What he hears while they ring is music, or what `meanwhile` sees to, who may also have it end.
        """

    async def reach(self, plan: Plan) -> RingResult:
        """The same by a plan: people, each on his own way, at once or one after another."""

    @property
    def dialled_by(self) -> str:
        """The extension of the user who wants what is dialled: who sends the call on, else whom it is for."""

    async def turn_away(self, cause: int, prompt: Prompt, *, refused: bool = False) -> NoReturn:
        """End the call with a Q.850 cause; he hears why, without being answered for it. With `refused` the
        record says so.
        """

    async def wait_parked(self, place: str) -> bool:
        """Music until somebody takes him, then their talk, to its end. False when nobody did in time."""

    async def take_parked(self, place: str) -> bool:
        """Connect him with whoever is parked there, to the end of their talk. False for nobody."""

    async def listen_in(self, user: str, mode: ListeningMode) -> Listened:
        """Let him listen to a colleague's talk until that is over. Raises `StepError`."""

    async def pick_up(self, users: Collection[str]) -> bool:
        """Take the call that rings for one of these users, and stay as long as it lasts; False where there is
        none.
        """

    async def not_reached(self, cause: int) -> NoReturn:
        """Nobody was reached where it was sent: back to whoever sent it, else the end with this cause."""

    async def go_back_to_transferrer(self) -> RingResult | None:
        """Connect him again with whoever passed the call on, if that one is still on the line; how they
        talked, None where he is not.
        """

    async def hang_up(self, cause: int = 16) -> NoReturn:
        """End the call with a Q.850 cause; a caller not yet answered gets it as the SIP answer."""
