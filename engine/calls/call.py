"""One call: who is in it, what is going on, and its story in the journal.

Everything that waits, waits in `Call.until`: it looks at the state that the switch's events have changed, so
no event can be missed between two steps, and it raises `CallerGone` the moment the caller's channel ends.
Cancelling the call's task detaches it: the switch is told nothing. What steps do with a call is
`live_conversation.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeVar

import structlog

from engine.calls.bridges import Bridges
from engine.calls.changes import Changes
from engine.calls.decoding import Decoding
from engine.calls.errors import CallerGone, HungUp
from engine.calls.hearing import Hearing
from engine.calls.keys import Keys
from engine.calls.known import variables_at_first
from engine.calls.leg import NORMAL_CLEARING, Leg, Target
from engine.calls.legs import Legs
from engine.calls.position import Position
from engine.calls.queueing import ObservedLeg
from engine.calls.recording import Recorder, user_of
from engine.calls.services import Outside, Services
from engine.calls.wanted import Wanted
from engine.directory.directory import Tenant
from engine.directory.prompt_model import Prompt
from engine.journal.base import EndedBy, Value
from engine.journal.events import CallStarted, Event, VariableSet
from engine.switch.ari.events import (
    CallEvent,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
)
from engine.switch.ari.resources import Channel
from engine.switch.errors import Gone, SwitchFailed

if TYPE_CHECKING:
    from engine.calls.dialer import RingResult
    from engine.calls.message import Message
    from engine.calls.ringing import Ringing
    from engine.calls.transfer.passing import Transfer

T = TypeVar("T")


class Call:
    """`id` is the caller's channel's unique id."""

    def __init__(
        self, services: Services, tenant: Tenant, started: CallStarted, call_id: str, started_at: int
    ) -> None:
        self.services = services
        self.started_at = started_at  # UTC milliseconds: its INVITE
        self.id = call_id
        self.tenant = tenant
        self.started = started
        self.number = started.number
        self.takes: Mapping[str, str] = {}  # which recordings of the tenant's its scenario's version plays
        self.variables = variables_at_first(tenant, started, call_id)
        self.log = structlog.get_logger(__name__).bind(call_id=call_id)
        self.caller = Leg(
            Channel(services.connection, call_id),
            "caller",
            name=started.channel,
            number=started.caller,
            caller_name=started.caller_name,
        )
        # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
        endpoint = started.channel.rsplit("-", 1)[0]
        if (started.callback or started.continues) and started.rings_caller_first:
            self.caller.target = Target(endpoint, number=started.callee)
        # For whom the call exists: he hears prompts and music, and his end is the call's. The caller, until
        # he passes the one he talks with on to somebody else.
        self.party = self.caller
        self.legs = Legs(self, self.caller)
        self.bridges = Bridges(self)
        self.position = Position(call_id, started, partial(services.spool.append, call_id))
        self.keys = Keys(self.journal)
        self.hearing = Hearing(self)
        self.wanted = Wanted(self)
        self.recorder = Recorder(self)
        self.decoding = Decoding(self)
        self.changes = Changes()

        # Ringing and talking.
        self.ringing: Ringing | None = None  # for the party, or for whoever consults somebody
        self.talking_with: Leg | None = None
        self.talk_leg: Leg | None = None  # whom the journal knows the talk by
        self.talk_started_at: int | None = None
        # Who ended the last talk, until the scenario goes on; it ended the call if nothing follows.
        self.last_talk_ended_by: EndedBy | None = None
        self.last_operator = ""  # extension or number of whoever talked last with the caller
        self.last_colleague = ""  # extension of whoever talked last with somebody outside
        self.told_legs: dict[str, str] = {}  # playbacks to other legs than the party, and how they ended
        self.naming_until: float | None = None  # his name is being looked up, by the loop's clock

        # Passing on, parking, other calls.
        self.transfer: Transfer | None = None  # under way, or the last one done
        self.back_at: Leg | None = None  # it has failed, and its sender's telephone still holds the line
        self.consultant: Leg | None = None  # who has asked the party to wait, and consults somebody
        self.joined = ""  # id of another call, which the caller has taken: his channel is a leg of it as well
        self.given_away = False  # whoever was talked with has moved into another call
        self.parked = ""  # the place that the party waits in
        self.parked_at = 0  # UTC milliseconds
        self.taker: Call | None = None  # whose caller is about to take the parked party

        self.message: Message | None = None  # being recorded
        self.messages_made = 0

        # Left by a recovery: legs that were ringing or talking, for `ring` to go on with.
        self.adopted_legs: list[Leg] = []
        self.adopted_result: RingResult | None = None
        self.left_by: str | None = None  # the extension of who was about to pass him on, and has gone

        self.closing = False
        self.refused = False
        self.failure = ""  # why a call that we were to place has failed, for people
        # Requests whose answer nobody waits for; they end with the call.
        self.background: set[asyncio.Task[None]] = set()
        services.router.listen(call_id, self.on_event)
        services.exchange.own(call_id, self)
        services.observer.leg_began(
            ObservedLeg(call_id, self.position.waits_as, endpoint, tenant.name, started.queue)
        )

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
            self.legs.apply(leg, event)
        self.changed()
        if self.joined and (other := self.services.exchange.call_of(self.joined)) is not None:
            other.on_event(event)

    def changed(self) -> None:
        """Let whoever waits look again."""
        self.changes.tell()

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

        def looked_at() -> T:
            if self.party.gone and not self.closing and not whoever_goes:
                raise CallerGone
            return condition()

        return await self.changes.until(looked_at, timeout)

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

    # -- the party --------------------------------------------------------------------------------------

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
        return user_of(self, self.party)

    @property
    def outside(self) -> Outside:
        return self.services.outside

    def now(self) -> int:
        """The wall clock, UTC milliseconds."""
        return self.services.clock.wall_ms()

    def seconds(self) -> float:
        """A clock for limits; it never jumps."""
        return asyncio.get_running_loop().time()

    async def media(self, *prompts: Prompt) -> list[str]:
        """Media URIs of prompts, in his language. Raises what the prompt library raises for one that is
        missing.
        """
        found: list[str] = []
        for prompt in prompts:
            found += await self.services.prompts.media(
                self.tenant.name, self.language, prompt, self.variables, self.takes
            )
        return found

    async def play(
        self, *prompts: Prompt, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        """Play prompts in order, answering first. With `barge_in` a digit stops them and is returned; they
        stop as well when `stop` holds.

        Raises what the prompt library raises for one that is missing, and `PromptFailed`.
        """
        media = [] if barge_in and self.keys else await self.media(*prompts)
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

    @property
    def recording(self) -> bool:
        """A talk is being recorded, be it paused."""
        return self.recorder.recording

    def set_variable(self, name: str, value: Value, *, secret: bool = False) -> None:
        """A secret's value is not journalled: after a recovery the variable is there, without a value."""
        self.variables[name] = value
        self.journal(VariableSet(name, None if secret else value))

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

    @property
    def transferred_from(self) -> str:
        """The step that a transfer took the call away from; empty where there was none."""
        return self.transfer.from_step if self.transfer else ""

    @property
    def resume_step(self) -> str:
        """The step of the scenario that says what follows the talk, if the call is passed on now."""
        return self.transferred_from if self.position.step.startswith("@") else self.position.step

    async def start_music(self, queue: str = "") -> None:
        """Something to hear while he waits: music once answered, a queue's or the tenant's; the ringing tone
        before.
        """
        await self.hearing.start_music(queue)

    async def stop_music(self) -> None:
        await self.hearing.stop_music()
