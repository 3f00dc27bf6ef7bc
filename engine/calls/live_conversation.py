"""What scenario steps do with a call on the switch: `engine.scenarios.conversation.Conversation`."""

from collections.abc import Collection, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeVar

from engine.calls.call import Call
from engine.calls.dialer import RingResult, ring
from engine.calls.errors import StepError
from engine.calls.leg import Leg, Target
from engine.calls.listening import Listened, listen_in
from engine.calls.message import record_greeting, record_message
from engine.calls.names import name_awaited, name_caller
from engine.calls.parked import take_parked, wait_parked
from engine.calls.pickup import pick_up
from engine.calls.plan import Plan, together_for
from engine.calls.queueing import Meanwhile, Queued
from engine.calls.transfer.passing import failed
from engine.calls.transfer.returning import go_back
from engine.calls.waiting import wait_for
from engine.directory.prompt_model import Prompt
from engine.directory.prompts import PromptMissing
from engine.journal.transfer_events import ListeningMode
from engine.switch.errors import SwitchError

T = TypeVar("T")


class LiveConversation:
    """Of one call. It has no state of its own: one that a recovery makes goes on where another was."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.id = call.id
        self.tenant = call.tenant
        self.variables = call.variables
        self.log = call.log
        self.outside = call.outside
        # What the call does itself.
        self.now = call.now
        self.seconds = call.seconds
        self.journal = call.journal
        self.set_variable = call.set_variable
        self.until = call.until
        self.changed = call.changed
        self.answer = call.answer
        self.play = call.play
        self.play_media = call.play_media
        self.start_music = call.start_music
        self.stop_music = call.stop_music
        self.read_digit = call.read_digit
        self.forget_digits = call.forget_digits
        self.hang_up = call.hang_up
        self.enter_step = call.position.enter
        self.next_attempt = call.position.next_attempt
        self.enter_queue = call.position.enter_queue

    # -- the way through the scenario -------------------------------------------------------------------

    @property
    def step(self) -> str:
        """The name of the step being run."""
        return self._call.position.step

    @property
    def step_id(self) -> str:
        """Tells this visit of this step from every other; the same after a recovery."""
        return self._call.position.step_id

    def attempt(self) -> int:
        """Which try of this step it is, from 1; kept across a recovery."""
        return self._call.position.attempt

    @property
    def queued(self) -> Queued:
        """The queue that he has entered last, when, and what he brought; also when he has left it."""
        return self._call.position.queued

    @property
    def adopted(self) -> bool:
        """A recovery found people ringing or talking: the step is to `ring` at once."""
        return self._call.adopted

    @property
    def recording_message(self) -> bool:
        """A recovery found the caller speaking his message: the step is to go on with it at once."""
        return self._call.message is not None

    @property
    def transferred_from(self) -> str:
        """The step that a transfer took the call away from; empty where there was none."""
        return self._call.transferred_from

    # -- who it is --------------------------------------------------------------------------------------

    @property
    def language(self) -> str:
        """What the caller hears."""
        return self._call.language

    @property
    def party_user(self) -> str:
        """The extension of the tenant's user whom the call is for now; "" where it is nobody of his."""
        return self._call.party_user

    @property
    def dialled_by(self) -> str:
        """The extension of the user who wants what is dialled: who sends the call on, else whom it is for."""
        transfer = self._call.transfer
        return transfer.user if transfer is not None and transfer.pending else self.party_user

    @property
    def talking_with(self) -> Leg | None:
        """Whoever talks with the caller, None while he is alone."""
        return self._call.talking_with

    def name_caller(self, name: str) -> None:
        """It has been found out who calls: record and telephones that ring from now on have this name."""
        name_caller(self._call, name)

    # -- waiting and speaking ---------------------------------------------------------------------------

    def secret_digits(self) -> AbstractContextManager[None]:
        """Digits read within are journalled without their value."""
        return self._call.keys.secret()

    async def wait_for(self, work: Coroutine[Any, Any, T], prompt: Prompt | None = None) -> T:
        """The result of something outside of the call, for which the caller waits: after a second he hears
        `prompt` to its end, then music, and what he keys in from then on is forgotten.
        """
        return await wait_for(self._call, work, prompt)

    async def pause(self, seconds: float) -> None:
        """Wait; the caller hears what he heard before."""
        await self.until(lambda: False, seconds)

    async def record_message(
        self, mailbox: str, *, beep: bool, longest_s: float, silence_s: float, shortest_s: float
    ) -> bool:
        """Record what the caller says until `#`, silence, the limit or his hangup; whether it is a message.

        Raises `StepError` where the switch could not record.
        """
        return await record_message(
            self._call, mailbox, beep=beep, longest_s=longest_s, silence_s=silence_s, shortest_s=shortest_s
        )

    async def record_greeting(self, *, longest_s: float, silence_s: float) -> str | None:
        """Record what he says after a beep until `#`, silence or the limit; the switch's name of it, None
        where he said nothing. Raises `StepError` where the switch could not record.
        """
        return await record_greeting(self._call, longest_s=longest_s, silence_s=silence_s)

    # -- other people -----------------------------------------------------------------------------------

    async def announce_recording(self, users: Collection[str]) -> None:
        """Tell a party from outside, once in a call, that he will be recorded, where a rule says so.

        `users` are the extensions of whoever may talk with him next.
        """
        await self._call.recorder.announce(users)

    async def ring(
        self, targets: Sequence[Target], *, timeout: float, meanwhile: Meanwhile | None = None
    ) -> RingResult:
        """Ring all targets with music for the caller, or what `meanwhile` lets him hear; the first to answer
        talks with him, until one of the two hangs up. Raises `CallerGone` when it was the caller.
        """
        users = [target.user for target in targets if target.user]
        if not self.adopted and self._call.recorder.announcement(users) is not None:
            if meanwhile is not None:
                await meanwhile.be_quiet()
            await self.announce_recording(users)
        await name_awaited(self._call)
        return await ring(self._call, together_for(targets, timeout), meanwhile)

    async def reach(self, plan: Plan) -> RingResult:
        """The same by a plan: people, each on his own way, at once or one after another."""
        if self._call.tenant.announces and plan.ways and not self.adopted:
            await self.announce_recording(plan.users())
        await name_awaited(self._call)
        return await ring(self._call, plan)

    async def pick_up(self, users: Collection[str]) -> bool:
        """Take the call that rings for one of these users, and stay as long as it lasts; False where there is
        none.
        """
        return await pick_up(self._call, users)

    async def wait_parked(self, place: str) -> bool:
        """Music until somebody takes him, then their talk, to its end. False when nobody did in time."""
        return await wait_parked(self._call, place)

    async def take_parked(self, place: str) -> bool:
        """Connect him with whoever is parked there, to the end of their talk. False for nobody."""
        return await take_parked(self._call, place)

    async def listen_in(self, user: str, mode: ListeningMode) -> Listened:
        """Let the party hear the talk of another user of the tenant until it is over. Raises `StepError`."""
        return await listen_in(self._call, user, mode)

    async def go_back_to_transferrer(self) -> RingResult | None:
        """Connect the party again with whoever passed the call on, if he is still on the line; how they
        talked, None where he is not.
        """
        by = self._call.transfer.by if self._call.transfer else None
        return await go_back(self._call, by) if by is not None and by.up else None

    # -- ends -------------------------------------------------------------------------------------------

    async def not_reached(self, cause: int) -> NoReturn:
        """Nobody was reached where it was sent: back to whoever sent it, else the end with this cause."""
        await failed(self._call, cause)

    async def turn_away(self, cause: int, prompt: Prompt, *, refused: bool = False) -> NoReturn:
        """End the call with a Q.850 cause; he hears why, without being answered for it. With `refused` the
        record says so.
        """
        call = self._call
        try:
            media = await call.media(prompt)
            await call.hearing.play(media, barge_in=False, stop=None, answer=False)
        except (PromptMissing, StepError, SwitchError) as error:
            self.log.error("call.reason_not_told", cause=str(error))
        call.refused = refused
        await self.hang_up(cause)
