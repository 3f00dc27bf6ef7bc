"""From the first event of a call to its last: the task that runs it and the clearing up after it."""

import asyncio
from collections.abc import Awaitable, Callable

from engine.calls.call import Call
from engine.calls.errors import CallOver, Redirected
from engine.calls.leg import NORMAL_CLEARING
from engine.calls.talk import go_on_talking
from engine.calls.telling import heard_out
from engine.calls.together import together
from engine.journal.base import EndedBy
from engine.journal.events import CallEnded, TalkEnded
from engine.switch.errors import Gone, SwitchError

Runner = Callable[[Call], Awaitable[None]]

TEMPORARY_FAILURE = 41  # Q.850
# How long the switch has to confirm that all has ended; each time it has not, it is asked again.
ENDING_WAITS_S = (5.0, 5.0, 10.0, 20.0)


async def run_call(call: Call, runner: Runner, runner_at: Callable[[str], Runner]) -> None:
    """Run the scenario, then end the call and everything that it owns, whichever way it went.

    `runner_at` is how the call goes on from a step. Cancelled, it leaves all as it is: the people talk on,
    and whoever comes next adopts them.
    """
    failed = ""
    while True:
        try:
            await runner(call)
        except CallOver:
            break
        except Redirected as elsewhere:  # no step was there to be left
            runner = runner_at(elsewhere.step)
        except Exception as error:  # a bug in one call's handling must not end the talk it is about
            failed = f"{type(error).__name__}: {error}"
            call.log.exception("call.failed", step=call.position.step)
            if call.talking_with is None:
                break
            runner = go_on_talking
        else:
            break
    await _end(call, failed)


async def _end(call: Call, failed: str) -> None:
    """Hang up whatever is left, wait for the switch to confirm, and write the call's last event."""
    tell_of_end(call, call.services.endings.ending)
    call.closing = True
    call.changed()
    call.forget_digits()
    if call.background:
        await asyncio.wait(call.background)
    party = call.party
    gone_before = party.gone
    await heard_out(call, party)
    by = ended_by(call)
    if party.gone and not gone_before:  # whatever cause we were about to give
        by = "caller" if party.role == "caller" else "operator"
    if not party.gone and failed and not party.cause:
        party.cause = TEMPORARY_FAILURE
    cause = party.cause or NORMAL_CLEARING
    for wait_s in ENDING_WAITS_S:
        await together(
            *(call.legs.drop(leg, "normal") for leg in call.legs.values() if leg is not party),
            *(call.bridges.destroy(bridge) for bridge in list(call.bridges.values())),
            _hang_up_party(call, cause),
        )
        if await call.until(lambda: all(leg.gone for leg in call.legs.values()), wait_s):
            break
        call.log.warning(
            "call.ending_unconfirmed", legs=[leg.id for leg in call.legs.values() if not leg.gone]
        )
        if await _all_gone(call):
            break
    if await _taken_over(call):
        call.log.info("call.taken_over")
        call.services.spool.release(call.id)
        close(call)
        return
    now = call.services.clock.wall_ms()
    for leg in call.legs.values():
        if leg.gone:
            continue
        leg.ended_at = now
        if leg is not call.caller or leg is not party:
            call.legs.journal_end(leg)
    if call.talking_with is not None:
        call.journal(TalkEnded(call.talking_with.id, by), party.ended_at)
        call.talking_with = None
    refused = cause if call.refused else 0
    why = failed or call.failure
    call.journal(
        CallEnded(by, refused or party.cause or cause, refused=call.refused, failed=why),
        party.ended_at,
    )
    close(call)


def tell_of_end(call: Call, told: Callable[[Call], None]) -> None:
    """A bug of whoever wants to know of ends keeps no call from its own."""
    try:
        told(call)
    except Exception:
        call.log.exception("call.end_not_taken")


def close(call: Call) -> None:
    """Take the call off the router; from here on its events are nobody's."""
    for leg_id, leg in call.legs.items():
        call.services.router.forget(leg_id, call.on_event)
        call.services.exchange.disown(leg_id, call)
        call.services.observer.leg_ended(leg_id, detached=not (leg.gone or leg.dropped))
    if call.parked:
        call.parked = ""
        call.services.parking_changed()


def ended_by(call: Call) -> EndedBy:
    """Who has ended it, before we hang up."""
    party = call.party
    if party.gone and party.dropped is None:
        return party.ended_by()
    return call.last_talk_ended_by or "engine"


async def _hang_up_party(call: Call, cause: int) -> None:
    party = call.party
    if party.gone:
        return
    party.dropped = "normal"
    try:
        await party.channel.hang_up(cause=cause)
    except Gone:
        return
    except SwitchError as error:
        party.dropped = None  # to be asked again
        call.log.warning("call.hangup_failed", cause=str(error))


async def _all_gone(call: Call) -> bool:
    """Whether the switch knows none of those any more whose end it has not told. Others are asked again."""
    gone = True
    for leg in call.legs.values():
        if leg.gone:
            continue
        try:
            await leg.channel.data()
        except Gone:
            leg.ended_at = call.services.clock.wall_ms()
            if leg is not call.caller or leg is not call.party:
                call.legs.journal_end(leg)
        except SwitchError as error:
            call.log.warning("leg.unknown", leg=leg.id, cause=str(error))
            gone = False
        else:
            leg.dropped = None
            gone = False
    return gone


async def _taken_over(call: Call) -> bool:
    """Whether the caller left our application without hanging up: the fallback has taken him."""
    party = call.party
    if party.dropped is not None or party.hangup_at is not None:
        return False
    # StasisEnd came first; give the hangup that belongs to it a moment.
    if await call.until(lambda: party.hangup_at is not None, 0.2):
        return False
    try:
        await party.channel.data()
    except SwitchError:
        return False
    return True
