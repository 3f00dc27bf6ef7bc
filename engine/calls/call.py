"""One call: its legs, what it hears, what it keys in, and its story in the journal.

Everything that waits, waits in `Call.until`: it looks at the state that the switch's events have changed, so
no event can be missed between two steps, and it raises `CallerGone` the moment the caller's channel ends.
Cancelling the call's task detaches it: the switch is told nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeVar

import structlog

from engine.calls.dialer import RingResult, ring, talked_with
from engine.calls.errors import CallerGone, HungUp, StepError
from engine.calls.hearing import Hearing
from engine.calls.keys import Keys
from engine.calls.leg import NORMAL_CLEARING, OUR_CAUSES, Leg, Target
from engine.calls.listening import Listened, listen_in
from engine.calls.message import Message, record_greeting, record_message
from engine.calls.parked import take_parked, wait_parked
from engine.calls.pickup import pick_up
from engine.calls.plan import Plan, together_for
from engine.calls.previous import UNKNOWN
from engine.calls.queueing import ObservedLeg, Queued
from engine.calls.recording import Recorder
from engine.calls.ringing import Ringing
from engine.calls.services import Outside, Services
from engine.calls.talk import talk
from engine.calls.together import together
from engine.calls.transfer.passing import Transfer, failed, stop_ring_tone
from engine.calls.waiting import wait_for
from engine.calls.wanted import Wanted
from engine.directory.directory import Tenant
from engine.directory.prompt_model import Prompt
from engine.directory.prompts import PromptMissing
from engine.journal.events import (
    CallAnswered,
    CallerNamed,
    CallStarted,
    EndedBy,
    Event,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    ListeningMode,
    QueueEntered,
    Role,
    StepEntered,
    Value,
    VariableSet,
)
from engine.switch.ari.events import (
    CallEvent,
    ChannelEvent,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
)
from engine.switch.ari.resources import Bridge, Channel, HangupReason
from engine.switch.errors import Gone, SwitchError, SwitchFailed

T = TypeVar("T")


class Call:
    """What a step may see and do of a call. `id` is the caller's channel's unique id."""

    def __init__(
        self, services: Services, tenant: Tenant, started: CallStarted, call_id: str, started_at: int
    ) -> None:
        self.services = services
        self.started_at = started_at  # UTC milliseconds: its INVITE
        self.id = call_id
        self.tenant = tenant
        self.started = started
        self.number = started.number
        self.scenario_name = started.scenario
        self.takes: Mapping[str, str] = {}  # which recordings of the tenant's its scenario's version plays
        self.variables: dict[str, Value] = {
            "caller.number": started.caller,
            "caller.name": started.caller_name,
            "caller.group": tenant.group_of(started.caller),
            **UNKNOWN,
            "number": started.number,
            "call.id": call_id,
            "language": tenant.language,
        }
        self.log = structlog.get_logger(__name__).bind(call_id=call_id)
        self.caller = Leg(
            Channel(services.connection, call_id),
            "caller",
            name=started.channel,
            number=started.caller,
            caller_name=started.caller_name,
        )
        # For whom the call exists: he hears prompts and music, and his end is the call's. The caller, until
        # he passes the one he talks with on to somebody else.
        self.party = self.caller
        self.legs: dict[str, Leg] = {call_id: self.caller}
        self.bridges: dict[str, Bridge] = {}
        self.keys = Keys(self.journal)
        self.step = ""
        self.step_type = ""
        self.ringing: Ringing | None = None  # for the party
        self.talking_with: Leg | None = None
        self.talk_leg: Leg | None = None  # whom the journal knows the talk by
        self.consultant: Leg | None = None  # who has asked the party to wait, and consults somebody
        self.joined = ""  # id of another call, which the caller has taken: his channel is a leg of it as well
        self.given_away = False  # whoever was talked with has moved into another call
        self.wanted = Wanted(self)
        self.parked = ""  # the place that the party waits in
        self.parked_at = 0  # UTC milliseconds
        self.taker: Call | None = None  # whose caller is about to take the parked party
        self.transfer: Transfer | None = None  # under way, or the last one done
        self.talk_started_at: int | None = None
        self.last_operator = ""  # extension or number of whoever talked last with the caller
        self.recorder = Recorder(self)
        self.told_legs: dict[str, str] = {}  # playbacks to other legs than the party, and how they ended
        self.message: Message | None = None  # being recorded
        self.messages_made = 0
        self.hearing = Hearing(self)
        self.closing = False
        self.refused = False
        self.failure = ""  # why a call that we were to place has failed, for people
        # Who ended the last talk, until the scenario goes on; it ended the call if nothing follows.
        self.last_talk_ended_by: EndedBy | None = None
        # Left by a recovery: legs that were ringing or talking, for `ring` to go on with.
        self.adopted_legs: list[Leg] = []
        self.adopted_result: RingResult | None = None
        self.left_by: str | None = None  # the extension of who was about to pass him on, and has gone
        self.steps_entered = 0
        self.queued = Queued()
        self._attempt = 1
        self.legs_made = 0
        self.bridges_made = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self.followers: set[Callable[[], None]] = set()  # of other calls, told whenever something changes
        # Requests whose answer nobody waits for; they end with the call.
        self.naming_until: float | None = None  # his name is being looked up, by the loop's clock
        self.background: set[asyncio.Task[None]] = set()
        services.router.listen(call_id, self.on_event)
        services.exchange.own(call_id, self)
        # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
        endpoint = started.channel.rsplit("-", 1)[0]
        services.observer.leg_began(ObservedLeg(call_id, call_id, endpoint, tenant.name))

    # -- events -----------------------------------------------------------------------------------------

    def on_event(self, event: CallEvent) -> None:
        """Called by the router, in the order of the switch; never waits."""
        if isinstance(event, PlaybackFinished):
            self.hearing.finished(event)
            if event.playback.id in self.told_legs:
                self.told_legs[event.playback.id] = event.playback.state
        elif isinstance(event, RecordingStarted | RecordingFinished | RecordingFailed):
            if self.message is not None and event.recording.name == self.message.name:
                self.message.apply(event)
        elif (leg := self.legs.get(event.channel.id)) is not None:
            self._apply(leg, event)
        self.changed()
        if self.joined and (other := self.services.exchange.call_of(self.joined)) is not None:
            other.on_event(event)

    def _apply(self, leg: Leg, event: ChannelEvent) -> None:
        was_ringing, was_answered, was_gone = leg.ringing_at, leg.answered_at, leg.gone
        leg.apply(event)
        if not self.joined:  # else what he keys and wants is for the call that he has taken
            self.wanted.take(leg, event)
        if was_ringing is None and leg.ringing_at is not None and leg is not self.caller:
            self.journal(LegRinging(leg.id), leg.ringing_at)
        if was_answered is None and leg.answered_at is not None:
            answered = CallAnswered() if leg is self.caller else LegAnswered(leg.id)
            self.journal(answered, leg.answered_at)
            self.services.observer.leg_answered(leg.id)
        if leg.gone and not was_gone:
            if leg is self.caller and self.party is leg:
                self.services.observer.leg_ended(leg.id)  # the call's own end tells of it
            else:
                self.journal_leg_end(leg)

    def journal_leg_end(self, leg: Leg) -> None:
        cause = leg.cause or (OUR_CAUSES[leg.dropped] if leg.dropped else 0)
        self.journal(LegEnded(leg.id, leg.result, cause), leg.ended_at)
        self.services.observer.leg_ended(leg.id)

    def changed(self) -> None:
        """Let whoever waits look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        for follower in tuple(self.followers):
            follower()

    def journal(self, event: Event, at: int | None = None) -> None:
        """`at` in UTC milliseconds, from the switch where it reported the thing; else now."""
        self.services.spool.append(self.id, event, at)

    # -- waiting ----------------------------------------------------------------------------------------

    async def until(
        self, condition: Callable[[], T], timeout: float | None = None, *, whoever_goes: bool = False
    ) -> T | None:
        """The condition's first true value; None when `timeout` seconds passed. Raises `CallerGone`, but for
        one who sees to the party's end himself (`whoever_goes`).
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            if self.party.gone and not self.closing and not whoever_goes:
                raise CallerGone
            if value := condition():
                return value
            if deadline is not None and loop.time() >= deadline:
                return None
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            alarm = None if deadline is None else loop.call_at(deadline, _wake, waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
                if alarm is not None:
                    alarm.cancel()

    async def of_party(self, request: Awaitable[T]) -> T:
        """A request to the party's own channel: one that is gone means that he is."""
        try:
            return await request
        except (Gone, SwitchFailed) as error:
            # The event that tells when and why is on its way, or came already. Answering a caller who has
            # just cancelled is a 500.
            await self.until(lambda: False, timeout=1.0)
            if isinstance(error, SwitchFailed):
                raise
            raise CallerGone from error

    # -- what steps use ---------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Answer the caller; does nothing when he has been answered."""
        if self.party.answered_at is None:
            await self.of_party(self.party.channel.answer())
            await self.until(lambda: self.party.answered_at is not None, timeout=5.0)

    def meanwhile(self, request: Coroutine[None, None, None]) -> None:
        """Send a request and go on; the switch does requests in their order."""
        task = asyncio.get_running_loop().create_task(request)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    @property
    def language(self) -> str:
        """What the caller hears."""
        return str(self.variables["language"])

    @property
    def party_user(self) -> str:
        """The extension of the tenant's user whom the call is for now; "" where it is nobody of his."""
        if self.party.target is not None:
            return self.party.target.user
        endpoint = self.party.name.rsplit("-", 1)[0]
        users = self.tenant.users.values()
        return next((user.extension for user in users if endpoint in user.endpoints()), "")

    @property
    def outside(self) -> Outside:
        return self.services.outside

    def now(self) -> int:
        """The wall clock, UTC milliseconds."""
        return self.services.clock.wall_ms()

    def seconds(self) -> float:
        """A clock for limits; it never jumps."""
        return asyncio.get_running_loop().time()

    async def play(
        self, *prompts: Prompt, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        """Play prompts in order, answering first. With `barge_in` a digit stops them and is returned; they
        stop as well when `stop` holds.

        Raises what the prompt library raises for one that is missing, and `PromptFailed`.
        """
        media: list[str] = []
        if not (barge_in and self.keys):
            for prompt in prompts:
                media += await self.services.prompts.media(
                    self.tenant.name, self.language, prompt, self.variables, self.takes
                )
        return await self.play_media(media, barge_in=barge_in, stop=stop)

    async def play_media(
        self, media: Sequence[str], *, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        """The same for media URIs. Raises `PromptFailed` when the switch could not play them."""
        self.last_talk_ended_by = None
        return await self.hearing.play(media, barge_in=barge_in, stop=stop)

    async def read_digit(self, timeout: float, *, stop: Callable[[], bool] | None = None) -> str | None:
        """The next digit the caller keys in; None when `timeout` seconds have passed, or `stop` holds."""
        await self.until(lambda: bool(self.keys) or (stop is not None and stop()), timeout)
        return self.keys.read() if self.keys else None

    def forget_digits(self) -> None:
        """What was keyed in so far is no choice in what comes next."""
        self.keys.forget()

    def secret_digits(self) -> AbstractContextManager[None]:
        """Digits read within are journalled without their value."""
        return self.keys.secret()

    async def wait_for(self, work: Coroutine[Any, Any, T], prompt: Prompt | None = None) -> T:
        """The result of something outside of the call, for which the caller waits: after a second he hears
        `prompt` to its end, then music, and what he keys in from then on is forgotten.
        """
        return await wait_for(self, work, prompt)

    async def pause(self, seconds: float) -> None:
        """Wait; the caller hears what he heard before."""
        await self.until(lambda: False, seconds)

    async def ring(self, targets: Sequence[Target], *, timeout: float) -> RingResult:
        """Ring all targets with music for the caller; the first to answer talks with him, until one of the
        two hangs up. Raises `CallerGone` when it was the caller.
        """
        if not self.adopted:
            await self.announce_recording([target.user for target in targets if target.user])
        await self._caller_named()
        return await ring(self, together_for(targets, timeout))

    async def reach(self, plan: Plan) -> RingResult:
        """The same by a plan: people, each on his own way, at once or one after another."""
        if plan.ways and not self.adopted:
            await self.announce_recording(plan.users())
        await self._caller_named()
        return await ring(self, plan)

    def name_caller(self, name: str) -> None:
        """It has been found out who calls."""
        self.caller.caller_name = name
        self.journal(CallerNamed(name))
        self.set_variable("caller.name", name)

    async def _caller_named(self) -> None:
        """A phone that rings shows his name, if it is found in time."""
        if self.naming_until is not None:
            left = max(0.0, self.naming_until - self.seconds())
            await self.until(lambda: self.naming_until is None, left)

    async def pick_up(self, users: Collection[str]) -> bool:
        """Take the call that rings for one of these users, and stay as long as it lasts; False where there is
        none.
        """
        return await pick_up(self, users)

    async def announce_recording(self, users: Collection[str]) -> None:
        """Tell a party from outside, once in a call, that he will be recorded, where a rule says so.

        `users` are the extensions of whoever may talk with him next.
        """
        await self.recorder.announce(users)

    @property
    def recording(self) -> bool:
        """A talk is being recorded, be it paused."""
        return self.recorder.recording

    @property
    def recording_message(self) -> bool:
        """A recovery found the caller speaking his message: the step is to go on with it at once."""
        return self.message is not None

    async def record_message(
        self, mailbox: str, *, beep: bool, longest_s: float, silence_s: float, shortest_s: float
    ) -> bool:
        """Record what the caller says until `#`, silence, the limit or his hangup; whether it is a message.

        Raises `StepError` where the switch could not record.
        """
        return await record_message(
            self, mailbox, beep=beep, longest_s=longest_s, silence_s=silence_s, shortest_s=shortest_s
        )

    async def record_greeting(self, *, longest_s: float, silence_s: float) -> str | None:
        """Record what he says after a beep until `#`, silence or the limit; the switch's name of it, None
        where he said nothing. Raises `StepError` where the switch could not record.
        """
        return await record_greeting(self, longest_s=longest_s, silence_s=silence_s)

    def set_variable(self, name: str, value: Value, *, secret: bool = False) -> None:
        """A secret's value is not journalled: after a recovery the variable is there, without a value."""
        self.variables[name] = value
        self.journal(VariableSet(name, None if secret else value))

    def enter_step(self, step: str, step_type: str, *, attempt: int = 1) -> None:
        """The scenario's runner says where the call is; it is journalled, so a recovery starts there."""
        self.step, self.step_type, self._attempt = step, step_type, attempt
        if attempt == 1:
            self.steps_entered += 1
        self.journal(StepEntered(step, step_type, attempt))

    @property
    def step_id(self) -> str:
        """Tells this visit of this step from every other; the same after a recovery."""
        return f"{self.id}.step.{self.steps_entered}"

    def enter_queue(self, queue: str) -> int:
        """Journal that he waits in this queue, unless a recovery found him in it; since when, UTC ms."""
        if self.queued.step_id != self.step_id:
            entry = self.services.spool.append(self.id, QueueEntered(queue))
            self.queued = Queued(self.step_id, queue, entry.at)
        return self.queued.since

    def attempt(self) -> int:
        """Which try of this step it is, from 1; kept across a recovery."""
        return self._attempt

    def keep_attempt(self, attempt: int) -> None:
        """Go on counting from before a recovery."""
        self._attempt = attempt

    def next_attempt(self) -> int:
        self.enter_step(self.step, self.step_type, attempt=self._attempt + 1)
        return self._attempt

    @property
    def adopted(self) -> bool:
        """A recovery found people ringing or talking: the step is to `ring` at once and its targets do not
        matter, for `ring` goes on with those legs (or tells how it ended while nobody was looking).
        """
        return bool(self.adopted_legs) or self.adopted_result is not None

    async def hang_up(self, cause: int = NORMAL_CLEARING) -> NoReturn:
        """End the call with a Q.850 cause; a caller not yet answered gets it as the SIP answer."""
        self.party.cause = cause
        raise HungUp

    async def refuse(self, cause: int) -> NoReturn:
        """Turn the caller away before anything was answered; the record says `refused`."""
        self.refused = True
        await self.hang_up(cause)

    async def turn_away(self, cause: int, prompt: Prompt, *, refused: bool = False) -> NoReturn:
        """End the call with a Q.850 cause; he hears why, without being answered for it. With `refused` the
        record says so.
        """
        try:
            media = await self.services.prompts.media(
                self.tenant.name, self.language, prompt, self.variables, self.takes
            )
            await self.hearing.play(media, barge_in=False, stop=None, answer=False)
        except (PromptMissing, StepError, SwitchError) as error:
            self.log.error("call.reason_not_told", cause=str(error))
        self.refused = refused
        await self.hang_up(cause)

    @property
    def dialled_by(self) -> str:
        """The extension of the user who wants what is dialled: who sends the call on, else whom it is for."""
        pending = self.transfer is not None and self.transfer.pending
        return self.transfer.user if self.transfer and pending else self.party_user

    async def wait_parked(self, place: str) -> bool:
        """Music until somebody takes him, then their talk, to its end. False when nobody did in time."""
        return await wait_parked(self, place)

    async def take_parked(self, place: str) -> bool:
        """Connect him with whoever is parked there, to the end of their talk. False for nobody."""
        return await take_parked(self, place)

    async def listen_in(self, user: str, mode: ListeningMode) -> Listened:
        """Let the party hear the talk of another user of the tenant until it is over. Raises `StepError`."""
        return await listen_in(self, user, mode)

    async def not_reached(self, cause: int) -> NoReturn:
        """Nobody was reached where it was sent: back to whoever sent it, else the end with this cause."""
        await failed(self, cause)

    async def go_back_to_transferrer(self) -> RingResult | None:
        """Connect the party again with whoever passed the call on, if he is still on the line; how they
        talked, None where he is not.
        """
        by = self.transfer.by if self.transfer else None
        if by is None or not by.up:
            return None
        await together(self.stop_music(), stop_ring_tone(self, by))
        await talk(self, by)
        return talked_with(by) if self.last_talk_ended_by is not None else None

    @property
    def transferred_from(self) -> str:
        """The step that a transfer took the call away from; empty where there was none."""
        return self.transfer.from_step if self.transfer else ""

    @property
    def resume_step(self) -> str:
        """The step of the scenario that says what follows the talk, if the call is passed on now."""
        return self.transferred_from if self.step.startswith("@") else self.step

    def left_by_party(self, leg: Leg) -> None:
        """The party has gone, and the call goes on without him: his end is one of a leg."""
        if leg is self.caller:
            self.journal_leg_end(leg)

    # -- what the dialer and the talk use -----------------------------------------------------------------

    def new_leg(self, target: Target, role: Role = "operator") -> Leg:
        """A leg whose id is known, registered and journalled before the switch hears of it."""
        self.legs_made += 1
        leg_id = f"{self.id}.leg.{self.legs_made}"
        leg = self.add_leg(leg_id, role, target)
        self.journal(LegCreated(leg_id, role, target.endpoint, target.user, target.number, target.confirm))
        queue = self.queued.queue if self.queued.step_id == self.step_id else ""
        self.observe(leg, queue)
        return leg

    def add_leg(self, leg_id: str, role: Role, target: Target) -> Leg:
        leg = Leg(Channel(self.services.connection, leg_id), role, target)
        self.legs[leg_id] = leg
        self.services.router.listen(leg_id, self.on_event)
        self.services.exchange.own(leg_id, self)
        return leg

    def observe(self, leg: Leg, queue: str, *, adopted: bool = False) -> None:
        """Let it be known that this person's telephone is in a call."""
        endpoint = leg.target.endpoint if leg.target else ""
        observed = ObservedLeg(leg.id, self.id, endpoint, self.tenant.name, queue, adopted)
        self.services.observer.leg_began(observed)

    def new_bridge(self) -> Bridge:
        self.bridges_made += 1
        bridge = Bridge(self.services.connection, f"{self.id}.bridge.{self.bridges_made}")
        self.bridges[bridge.id] = bridge
        return bridge

    async def destroy_bridge(self, bridge: Bridge) -> None:
        self.bridges.pop(bridge.id, None)
        try:
            await bridge.destroy()
        except Gone:
            return
        except SwitchError as error:
            self.log.warning("bridge.destroy_failed", bridge=bridge.id, cause=str(error))

    async def drop(self, leg: Leg, reason: HangupReason, *, timed_out: bool = False) -> None:
        """End a leg of ours; one that has gone by itself is as good."""
        if leg.gone or leg.dropped is not None:
            return
        leg.dropped, leg.drop_was_timeout = reason, timed_out
        try:
            await leg.channel.hang_up(reason)
        except Gone:
            return
        except SwitchError as error:
            leg.dropped = None  # to be asked again
            self.log.warning("leg.drop_failed", leg=leg.id, cause=str(error))

    async def start_music(self) -> None:
        """Something to hear while he waits: music once answered, the ringing tone before."""
        await self.hearing.start_music()

    async def stop_music(self) -> None:
        await self.hearing.stop_music()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
