"""A call without a switch: what `engine.calls.live_conversation` does for steps, on simulated time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeVar

import structlog
from structlog.typing import FilteringBoundLogger

from engine.calls.changes import Changes
from engine.calls.dialer import RingResult
from engine.calls.errors import CallerGone, CallOver, HungUp, StepError
from engine.calls.keys import Keys
from engine.calls.known import introduce_client, variables_at_first
from engine.calls.leg import NORMAL_CLEARING, Target
from engine.calls.listening import Listened
from engine.calls.plan import Plan, together_for
from engine.calls.position import Position
from engine.calls.queueing import Meanwhile, Queued
from engine.calls.services import Outside
from engine.calls.waiting import wait_for
from engine.directory.directory import Tenant
from engine.directory.prompt_model import Prompt
from engine.journal.base import EndedBy, Value
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallerNamed,
    CallStarted,
    Event,
    TalkEnded,
    VariableSet,
)
from engine.journal.recording_events import RecordingAnnounced
from engine.journal.transfer_events import ListeningMode
from engine.recordings.policy import announcement_ahead
from engine.scenarios.simulate.caller import MadeUpCaller
from engine.scenarios.simulate.keys import HANG_UP
from engine.scenarios.simulate.message import speak
from engine.scenarios.simulate.outside import Surroundings
from engine.scenarios.simulate.ringing import SimulatedLeg, ring
from engine.scenarios.simulate.setting import Setting
from engine.scenarios.simulate.sound import Piece, Sound
from engine.scenarios.simulate.story import Story

T = TypeVar("T")

CALL_ID = "simulation-1"
MOST_STEPS = 200
LONGEST_S = 4 * 3600.0


class CutShort(CallOver):
    """The simulation goes no further; the message says why."""


class SimulatedCall:
    """What steps and the runner see. Made in the simulation's own event loop; `finish` ends it."""

    def __init__(self, tenant: Tenant, started: CallStarted, setting: Setting, sound: Sound) -> None:
        self.tenant = tenant
        self.setting = setting
        self.started = started
        self.id = CALL_ID
        self.variables = variables_at_first(tenant, started, self.id)
        self.log: FilteringBoundLogger = structlog.get_logger(__name__)
        self.talking_with: SimulatedLeg | None = None
        self.last_talk_ended_by: EndedBy | None = None
        self.legs: list[SimulatedLeg] = []
        self.times_rung: Counter[str] = Counter()
        self.loop = asyncio.get_running_loop()
        self.messages_made = 0
        self._began = self.loop.time()
        self.story = Story(self.id, setting.at, lambda: self.at)
        self.note = self.story.note
        self.keys = Keys(self.journal)
        self._sound = sound
        self.surroundings = Surroundings(
            tenant, setting.answers, setting.seed, lambda: self.step, self._asks, self.now
        )
        self._answered = False
        self._told = False
        self._gone = False
        self._cause = 0
        self._position = position = Position(self.id, started, self.story.journal)
        self.next_attempt = position.next_attempt
        self.enter_queue = position.enter_queue
        self._changes = Changes()
        self.journal(started)
        introduce_client(self)
        self.variables.update(setting.known)
        self.caller = MadeUpCaller(setting.acts, self._caller_does)

    # -- time and story ---------------------------------------------------------------------------------

    @property
    def at(self) -> float:
        """Seconds since the call began."""
        return self.loop.time() - self._began

    def now(self) -> int:
        """The wall clock of the simulation, UTC milliseconds."""
        return self.setting.at + round(self.at * 1000)

    def seconds(self) -> float:
        return self.loop.time()

    def journal(self, event: Event, at: int | None = None) -> None:
        self.story.journal(event, at)

    # -- waiting ----------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], T], timeout: float | None = None) -> T | None:
        """The condition's first true value; None when `timeout` seconds passed. Raises `CallerGone`."""

        def looked_at() -> T:
            if self._gone:
                raise CallerGone
            if self.at > LONGEST_S:
                raise CutShort(self.story.endless(f"{LONGEST_S / 3600:g} hours"))
            return condition()

        return await self._changes.until(looked_at, timeout)

    def changed(self) -> None:
        """Let whoever waits look again."""
        self._changes.tell()

    def _caller_does(self, key: str) -> None:
        if key == HANG_UP:
            self._gone = True
        else:
            self.note("key", key)
            self.keys.press(key, self.now())
        self.changed()

    def _asks(self, whom: str) -> None:
        self.note("asked", whom)

    # -- what steps use ---------------------------------------------------------------------------------

    @property
    def language(self) -> str:
        return str(self.variables["language"])

    party_user = ""  # whoever calls in a simulation calls from outside

    @property
    def outside(self) -> Outside:
        return self.surroundings.outside

    @property
    def step(self) -> str:
        return self._position.step

    @property
    def step_id(self) -> str:
        return self._position.step_id

    def set_variable(self, name: str, value: Value, *, secret: bool = False) -> None:
        self.variables[name] = value
        self.journal(VariableSet(name, None if secret else value))

    def name_caller(self, name: str) -> None:
        self.journal(CallerNamed(name))
        self.set_variable("caller.name", name)

    def attempt(self) -> int:
        return self._position.attempt

    @property
    def queued(self) -> Queued:
        return self._position.queued

    @property
    def queue(self) -> str:
        """The queue in which the caller waits now, "" for none."""
        return self._position.waits_in

    async def answer(self) -> None:
        if not self._answered:
            self._answered = True
            self.journal(CallAnswered())

    async def play(
        self, *prompts: Prompt, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        self.last_talk_ended_by = None
        pieces: list[Piece] = []
        if not (barge_in and self.keys):
            for prompt in prompts:
                pieces += self._sound.pieces(self.language, prompt, self.variables)
        await self.answer()
        if pieces:
            self.caller.hears()
            if barge_in:
                self.caller.can_answer()
        for piece in pieces:
            heard = self.note(
                "heard", piece.text, words=piece.words, seconds=piece.seconds, guessed=piece.guessed
            )
            cut = True
            try:
                cut = bool(await self.until(lambda: self._stops(barge_in, stop), piece.seconds))
            finally:
                if cut:
                    self.story.cut(heard)
            if cut:
                break
        if barge_in and pieces and not self._stops(barge_in, stop):
            self.caller.asked()
        return self.keys.read() if barge_in and self.keys else None

    async def play_media(
        self, media: Sequence[str], *, barge_in: bool = False, stop: Callable[[], bool] | None = None
    ) -> str | None:
        names = (uri.removeprefix("sound:").rpartition("/")[2] for uri in media)
        return await self.play(*names, barge_in=barge_in, stop=stop)

    def _stops(self, barge_in: bool, stop: Callable[[], bool] | None) -> bool:
        return (barge_in and bool(self.keys)) or (stop is not None and stop())

    async def read_digit(self, timeout: float, *, stop: Callable[[], bool] | None = None) -> str | None:
        # Who waits for something else as well is not asked by that.
        if not self.keys and stop is None:
            self.caller.asked()
        await self.until(lambda: self._stops(True, stop), timeout)
        return self.keys.read() if self.keys else None

    def secret_digits(self) -> AbstractContextManager[None]:
        return self.keys.secret()

    async def record_greeting(self, *, longest_s: float, silence_s: float) -> str | None:
        raise StepError("no user calls in a simulation")

    def forget_digits(self) -> None:
        self.keys.forget()

    async def pause(self, seconds: float) -> None:
        await self.until(lambda: False, seconds)

    async def wait_for(self, work: Coroutine[Any, Any, T], prompt: Prompt | None = None) -> T:
        return await wait_for(self, work, prompt)

    async def start_music(self, queue: str = "") -> None:
        """Music is no words."""

    async def stop_music(self) -> None:
        """It ends."""

    @property
    def recording_message(self) -> bool:
        return False

    async def record_message(
        self, mailbox: str, *, beep: bool, longest_s: float, silence_s: float, shortest_s: float
    ) -> bool:
        return await speak(
            self, mailbox, beep=beep, longest_s=longest_s, silence_s=silence_s, shortest_s=shortest_s
        )

    @property
    def adopted(self) -> bool:
        return False

    def _announcement(self, users: Collection[str]) -> Prompt | None:
        if self._told or self.started.caller in self.tenant.users:
            return None
        return announcement_ahead(self.tenant, self.started.number, self.queue, users)

    async def announce_recording(self, users: Collection[str]) -> None:
        prompt = self._announcement(users)
        if prompt is not None:
            await self.play(prompt)
            self._told = True
            self.journal(RecordingAnnounced(self.id))

    async def ring(
        self, targets: Sequence[Target], *, timeout: float, meanwhile: Meanwhile | None = None
    ) -> RingResult:
        users = [target.user for target in targets if target.user]
        if self._announcement(users) is not None and meanwhile is not None:
            await meanwhile.be_quiet()
        await self.announce_recording(users)
        return await ring(self, together_for(targets, timeout), meanwhile)

    async def reach(self, plan: Plan) -> RingResult:
        if plan.ways:
            await self.announce_recording(plan.users())
        return await ring(self, plan)

    async def turn_away(self, cause: int, prompt: Prompt, *, refused: bool = False) -> NoReturn:
        await self.play(prompt)
        await self.hang_up(cause)

    dialled_by = ""  # whoever calls in a simulation is nobody of the tenant's
    transferred_from = ""  # nobody transfers a simulated call

    async def wait_parked(self, place: str) -> bool:
        return False  # nobody parks a simulated call

    async def take_parked(self, place: str) -> bool:
        return False

    async def listen_in(self, user: str, mode: ListeningMode) -> Listened:
        return "no_talk"  # there is no other call

    async def pick_up(self, users: Collection[str]) -> bool:
        return False

    async def not_reached(self, cause: int) -> NoReturn:
        await self.hang_up(cause)

    async def go_back_to_transferrer(self) -> RingResult | None:
        return None

    async def hang_up(self, cause: int = NORMAL_CLEARING) -> NoReturn:
        self._cause = cause
        raise HungUp

    # -- what the runner uses ---------------------------------------------------------------------------

    def enter_step(self, step: str, step_type: str, *, attempt: int = 1) -> None:
        if len(self.story.taken) >= MOST_STEPS:
            raise CutShort(self.story.endless(f"{MOST_STEPS} steps"))
        self.story.enter(step, step_type)
        self._position.enter(step, step_type, attempt=attempt)

    def finish(self) -> None:
        """End what is still on, and write the call's last event."""
        self.caller.stop()
        ended_by: EndedBy = "caller" if self._gone else self.last_talk_ended_by or "engine"
        for leg in self.legs:
            leg.end("cancelled", NORMAL_CLEARING)
        if self.talking_with is not None:
            self.journal(TalkEnded(self.talking_with.id, ended_by))
        self.journal(CallEnded(ended_by, self._cause or NORMAL_CLEARING))

    def caller_hangs_up(self) -> NoReturn:
        """He does so now."""
        self._gone = True
        raise CallerGone
