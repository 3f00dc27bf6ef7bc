"""Attended transfer by code: the transferrer talks with the target first, while the party hears music.

Whatever happens, by whichever of the three, leads to a decision (`decide`, pure); the rest is doing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from engine.calls.connecting import JOIN_LIMIT_S, connect, disconnect, fill, hand_on, talk_is_over
from engine.calls.destination import plan_to
from engine.calls.display import show_party
from engine.calls.errors import CallerGone, Redirected
from engine.calls.lending import is_lent
from engine.calls.outgoing import Refusal, refusal
from engine.calls.passing_keys import take_keys
from engine.calls.plan import NOBODY
from engine.calls.ready_bridge import kind_for
from engine.calls.recording import switch_recording, user_of
from engine.calls.ringing import Ringing
from engine.calls.together import together
from engine.calls.transfer.blind import go_on_with_transferrer
from engine.calls.transfer.number import WRONG_PROMPTS, ask_number, wrong_destination
from engine.calls.transfer.passing import Transfer, bring_back, ring_tone, stop_ring_tone
from engine.calls.wishes import Act, ConsultWith, SwitchRecording
from engine.directory.numbering import resolve
from engine.journal.transfer_events import (
    ConsultationEnded,
    ConsultationStarted,
    PartyChanged,
    TransferEnded,
    TransferStarted,
)
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

State = Literal["ringing", "together", "swapped"]
Decision = Literal[
    "wait",
    "join",  # transferrer and target talk
    "return",  # party and transferrer talk again, the target goes
    "settle",  # they do already; the target goes
    "hand_over",  # party and target talk, the transferrer goes
    "follow",  # the target rings on, now for the party; the transferrer goes
    "swap_to_party",
    "swap_to_target",
    "stay",  # the party has gone: transferrer and target go on
    "bring_back",  # the party is alone: whoever sent him on is rung
    "end",
]


@dataclass(frozen=True)
class Facts:
    """Where a consultation stands. `wish` is what the transferrer has keyed in."""

    state: State
    party: bool  # he is there
    transferrer: bool
    target: Literal["rings", "up", "gone"]
    wish: Literal["", "complete", "swap", "cancel"] = ""


def decide(facts: Facts) -> Decision:
    """Nobody is left alone, nobody in silence; the party is the one who matters most."""
    target = facts.target
    if not facts.party:
        return "stay" if facts.transferrer and target == "up" else "end"
    if not facts.transferrer:
        return {"up": "hand_over", "rings": "follow", "gone": "bring_back"}[target]  # type: ignore[return-value]
    talking = facts.state == "swapped"
    if target == "gone" or facts.wish == "cancel":
        return "settle" if talking else "return"
    if facts.state == "ringing":
        if facts.wish == "complete":
            return "hand_over" if target == "up" else "follow"
        return "join" if target == "up" else "wait"
    if facts.wish == "complete":
        return "hand_over"
    if facts.wish == "swap":
        return "swap_to_target" if talking else "swap_to_party"
    return "wait"


async def consult(call: Call, wish: ConsultWith) -> None:
    """Returns when the party talks with somebody again, `call.talking_with`.

    Raises `Redirected` when the call goes on elsewhere, `CallerGone` when it is over.
    """
    by = wish.by
    hand_on(call, by)
    await disconnect(call, "operator")
    await call.start_music()
    to = wish.to if wish.to is not None else await ask_number(call, by)
    wrong = wrong_destination(call.tenant, to, user_of(call, by), consulted=True) if to else None
    why = _refusal(call, by, to) if to and wrong is None else None
    if wrong is not None:
        await go_on_with_transferrer(call, by, WRONG_PROMPTS[wrong])
    elif why is not None:
        await go_on_with_transferrer(call, by, why.prompt)
    elif not to:
        await go_on_with_transferrer(call, by)
    else:
        await Consultation(call, by, to).run()


def _refusal(call: Call, by: Leg, to: str) -> Refusal | None:
    """Why he cannot call there now, as if he had dialled it himself."""
    destination, user = resolve(call.tenant, to), user_of(call, by)
    if destination.kind not in ("outside", "emergency"):
        return None
    why = refusal(call.outside.lines, call.tenant, destination, user, call_id=call.id)
    if why is not None:
        call.log.info("call.not_made", dialled=to, user=user, cause=why.reason)
    return why


class Consultation:
    """One of them, from the first ring until the party talks with somebody again."""

    def __init__(self, call: Call, by: Leg, to: str) -> None:
        self._call, self._by, self._to = call, by, to
        self._user = user_of(call, by)
        self._state: State = "ringing"
        self._ringing: Ringing | None = None
        self._target: Leg | None = None
        self._told = False

    async def run(self) -> None:
        call = self._call
        call.journal(TransferStarted(self._by.id, self._user, self._to, "attended", call.resume_step))
        plan = plan_to(
            call.tenant, call.outside, resolve(call.tenant, self._to), by=self._user, call_id=call.id
        )
        self._ringing = ringing = Ringing(call, plan or NOBODY, for_leg=self._by)
        call.consultant = self._by
        call.ringing = ringing  # a colleague may take it
        try:
            await together(ring_tone(call, self._by), ringing.begin())
            while True:
                if self._state == "ringing" and ringing.due():
                    await ringing.act()
                    self._target = ringing.winner
                decision = decide(self._facts())
                if decision != "wait":
                    if await self._do(decision):
                        return
                    continue
                await call.until(self._something, self._timeout(), whoever_goes=True)
                take_keys(call, *self._pair())
                await call.wanted.dismiss_those_due()
        finally:
            call.consultant = call.ringing = None

    # -- what is so -------------------------------------------------------------------------------------

    def _facts(self) -> Facts:
        call, ringing, target = self._call, self._ringing, self._target
        assert ringing is not None
        if target is not None:
            status: Literal["rings", "up", "gone"] = "gone" if target.gone else "up"
        else:
            status = "gone" if ringing.over else "rings"
        wish = ""
        while call.wanted.wishes and not wish:
            taken = call.wanted.wishes.popleft()
            if isinstance(taken, Act):
                wish = taken.name if taken.by is self._by else ""
            elif isinstance(taken, SwitchRecording):
                call.meanwhile(switch_recording(call, taken.by))
            else:
                call.wanted.decline(taken)
        return Facts(self._state, not call.party.gone, not self._by.gone, status, wish)  # type: ignore[arg-type]

    def _something(self) -> bool:
        call, target, ringing = self._call, self._target, self._ringing
        assert ringing is not None
        return (
            call.party.gone
            or self._by.gone
            or call.wanted.due(*self._pair())
            or (self._state == "ringing" and (ringing.due() or ringing.over))
            or (target is not None and target.gone)
        )

    def _timeout(self) -> float | None:
        times = [self._call.wanted.timeout(*self._pair())]
        if self._state == "ringing" and self._ringing is not None:
            times.append(self._ringing.timeout())
        known = [one for one in times if one is not None]
        return min(known) if known else None

    def _pair(self) -> tuple[Leg, Leg]:
        """Who talks: the transferrer, with one of the two or alone."""
        opposite = self._call.party if self._state == "swapped" else self._target
        return self._by, opposite if opposite is not None else self._by

    # -- what is done -----------------------------------------------------------------------------------

    async def _do(self, decision: Decision) -> bool:
        """Whether the consultation is over."""
        call = self._call
        match decision:
            case "join":
                await self._join()
                return False
            case "swap_to_party":
                await self._swap_to_party()
                return False
            case "swap_to_target":
                await self._swap_to_target()
                return False
            case "return" | "settle":
                await self._give_up(talking=decision == "settle")
            case "hand_over":
                await self._hand_over()
            case "follow":
                await self._follow()
            case "stay":
                await self._stay()
            case "bring_back":
                self._ended("failed")
                await self._ringing_over()
                await bring_back(call, self._user)
            case "end":
                await self._end()
        return True

    async def _join(self) -> None:
        """Transferrer and target hear each other; nobody records it."""
        call, by, target = self._call, self._by, self._target
        assert target is not None
        assert self._ringing is not None
        bridge = call.bridges.new()
        call.ringing = None
        self._state = "together"
        await together(
            stop_ring_tone(call, by),
            self._ringing.accept(target),
            bridge.create(kind_for(call, by, target)),
            *fill(call, bridge, by, target),
            self._ringing.stop(keep=target),
        )
        both = (by.entered, target.entered)
        await call.until(
            lambda: by.gone or target.gone or call.party.gone or all(bridge.id in one for one in both),
            JOIN_LIMIT_S,
            whoever_goes=True,
        )
        if all(bridge.id in one for one in both):
            self._told = True
            at = max(one[bridge.id] for one in both)
            call.journal(ConsultationStarted(by.id, target.id, bridge.id), at)
            if is_lent(call, target):
                call.meanwhile(show_party(call, target, by))

    async def _swap_to_party(self) -> None:
        call, target = self._call, self._target
        assert target is not None
        self._consultation_over()
        if await connect(call, self._by):
            self._state = "swapped"
            await self._music(target)

    async def _swap_to_target(self) -> None:
        call, target = self._call, self._target
        assert target is not None
        await disconnect(call, "operator")
        await together(call.start_music(), self._silence(target))
        await self._join()

    async def _give_up(self, *, talking: bool) -> None:
        """The transferrer goes on with the party."""
        self._ended("cancelled")
        await together(stop_ring_tone(self._call, self._by), self._ringing_over())
        if talking:
            return
        if not await connect(self._call, self._by):
            self._check_party()
            await bring_back(self._call, self._user)

    async def _hand_over(self) -> None:
        """Party and target; the transferrer has done his work."""
        call, target = self._call, self._target
        assert target is not None
        self._consultation_over()
        if call.talking_with is not None:
            await disconnect(call, "operator")
        if self._state == "swapped":
            await self._silence(target)
        call.transfer = Transfer(self._user, self._to, call.transferred_from, by=self._by)
        if not await connect(call, target):
            self._check_party()
            call.transfer = None
            await self._ringing_over()
            if self._by.gone or not await connect(call, self._by):
                self._ended("failed")
                await bring_back(call, self._user)
            self._ended("cancelled")
            return
        await show_party(call, target)

    async def _follow(self) -> NoReturn:
        """Those who ring go on ringing, for the party."""
        call, ringing = self._call, self._ringing
        assert ringing is not None
        call.transfer = Transfer(self._user, self._to, call.resume_step, attended=True)
        call.adopted_legs = ringing.let_go()
        if not self._by.gone:
            await call.legs.drop(self._by, "normal")
        raise Redirected(f"@dialled/{self._to}")

    async def _stay(self) -> None:
        """The party has hung up; the other two have something to say to each other still."""
        call, target = self._call, self._target
        assert target is not None
        gone = call.party
        self._consultation_over()
        if call.talking_with is not None:
            talk_is_over(call, gone.ended_by(), gone.ended_at)
            await call.recorder.stop()
        call.party = self._by
        call.hearing.begin_anew()
        call.journal(PartyChanged(self._by.id, gone=True), gone.ended_at)
        if gone is call.caller:  # the call goes on without him: his end is one of a leg
            call.legs.journal_end(gone)
        self._ended("cancelled")
        if self._state == "swapped":
            await self._silence(target)
        if not await connect(call, target):
            raise CallerGone

    async def _end(self) -> NoReturn:
        self._consultation_over()
        if self._call.talking_with is not None:
            party = self._call.party
            talk_is_over(self._call, party.ended_by(), party.ended_at)
        self._ended("cancelled")
        raise CallerGone

    # -- small things -----------------------------------------------------------------------------------

    def _consultation_over(self) -> None:
        if self._told and self._target is not None:
            self._told = False
            call, target = self._call, self._target
            gone = [leg.ended_at for leg in (target, self._by) if leg.ended_at is not None]
            call.journal(ConsultationEnded(target.id), min(gone) if gone else None)

    def _ended(self, result: Literal["failed", "cancelled"]) -> None:
        self._consultation_over()
        self._call.journal(TransferEnded(result))

    async def _ringing_over(self) -> None:
        """Target and whoever still rings go."""
        assert self._ringing is not None
        await self._ringing.stop()
        if self._target is not None:
            await self._call.legs.drop(self._target, "normal")

    def _check_party(self) -> None:
        if self._call.party.gone:
            raise CallerGone

    async def _music(self, leg: Leg) -> None:
        """He waits alone."""
        call = self._call
        try:
            await leg.channel.start_music()
        except Gone:
            return
        except SwitchError as error:
            call.log.warning("music.failed", leg=leg.id, cause=str(error))

    async def _silence(self, leg: Leg) -> None:
        try:
            await leg.channel.stop_music()
        except SwitchError as error:
            self._call.log.info("music.not_stopped", leg=leg.id, cause=str(error))
