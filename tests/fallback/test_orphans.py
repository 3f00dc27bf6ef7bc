"""Callers whom the engine left alone reach a person; whoever talks goes on (F45, invariants 2 and 3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.fallback.orphans import Orphans
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    Event,
    FallbackTook,
    LegCreated,
    LegHeard,
    TalkStarted,
)
from engine.journal.spool import Spool
from engine.records.derive import derive_call
from engine.secrets import existing_secret
from engine.switch.ari.connection import WebSocketConnection
from engine.switch.ari.events import StasisStart, SwitchEvent
from engine.switch.ari.resources import Bridge, Channel
from engine.switch.ari_http import Execution, LiveBridge, LiveChannel
from tests.fallback.office import ANNA, CALLER, NUMBER, PYOTR, Office, office, until

CALL = "cell1-1.1"


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as it:
        yield it


class StandIn:
    """Holds the application as an engine does, and journals what an engine would."""

    def __init__(self, connection: WebSocketConnection, spool: Spool) -> None:
        self.connection = connection
        self.spool = spool
        self.arrived: asyncio.Queue[StasisStart] = asyncio.Queue()
        self.legs: set[str] = set()

    def on_event(self, event: SwitchEvent) -> None:
        if isinstance(event, StasisStart) and ".leg." in event.channel.id:
            self.legs.add(event.channel.id)
        elif isinstance(event, StasisStart):
            self.arrived.put_nowait(event)

    async def take(self) -> Channel:
        """The next call: answered, and hearing music."""
        async with asyncio.timeout(5):
            event = await self.arrived.get()
        begin = CallStarted("in", "romashka", NUMBER, CALLER, event.channel.name, trunk="city")
        self.spool.append(event.channel.id, begin)
        channel = Channel(self.connection, event.channel.id)
        await channel.answer()
        await channel.start_music()
        return channel

    async def leg(self, caller: Channel, endpoint: str) -> Channel:
        """A ringing leg of this call."""
        leg = Channel(self.connection, f"{caller.id}.leg.1")
        self.spool.append(caller.id, LegCreated(leg.id, "operator", endpoint))
        await leg.create(f"PJSIP/{endpoint}", "vats", originator=caller.id)
        await until(lambda: leg.id in self.legs, 5, "the leg is in the application")
        await leg.dial(timeout_s=60)
        return leg

    async def join(self, caller: Channel, leg: Channel) -> None:
        bridge = Bridge(self.connection, f"{caller.id}.bridge.1")
        await bridge.create()
        await caller.stop_music()
        await bridge.add(caller.id, leg.id)
        self.spool.append(caller.id, TalkStarted(leg.id, bridge.id))


@asynccontextmanager
async def stand_in(company: Office) -> AsyncIterator[StandIn]:
    """Goes away without a word to Asterisk on leaving, as a killed engine."""
    settings = company.settings
    connected = asyncio.Event()

    async def on_connected() -> None:
        connected.set()

    holder: list[StandIn] = []
    connection = WebSocketConnection(
        host="127.0.0.1",
        port=settings.ports.ari,
        username="vats",
        password=existing_secret(settings, "ari"),
        application="vats",
        on_event=lambda event: holder[0].on_event(event),
        on_connected=on_connected,
        on_lost=lambda: None,
    )
    spool = Spool(settings.journal_folder, "engine", SystemClock())
    spool.open()
    holder.append(StandIn(connection, spool))
    running = asyncio.create_task(connection.run())
    try:
        await asyncio.wait_for(connected.wait(), 5)
        yield holder[0]
    finally:
        await spool.close()
        running.cancel()
        await asyncio.wait({running})


@pytest.mark.switch
async def test_those_alone_reach_a_person_and_those_who_talk_go_on(company: Office) -> None:
    async with stand_in(company) as engine:
        talker = await company.trunk.call(NUMBER, caller="+79030000001")
        talking = await engine.take()
        leg = await engine.leg(talking, PYOTR)
        pyotr = await company.pyotr.wait_incoming()
        await pyotr.answer()
        await engine.join(talking, leg)

        waiter = await company.trunk.call(NUMBER, caller=CALLER)
        waiting = await engine.take()
        ringing = await engine.leg(waiting, ANNA)
        rung = await company.anna.wait_incoming()
        await rung.ring()
        await waiter.wait_state("answered")
        carried = list(engine.spool.events(waiting.id))
    company.start_fallback()

    # The leg left alone stops; then the caller who was alone rings the same person from the fallback.
    await rung.wait_state("ended", 20)
    offered = await company.anna.wait_incoming(20)
    await offered.answer()
    begun = await company.until_event(TalkStarted)
    assert begun.call_id == waiting.id
    kept = [entry.event for entry in company.journal() if entry.call_id == waiting.id]
    assert not any(isinstance(event, CallStarted) for event in kept), "the engine has begun it"
    assert kept[0] == FallbackTook(f"PJSIP/{ANNA}")
    assert ringing.id not in [channel.id for channel in await company.switch.channels()]

    # Rounds go on, and leave both talks alone.
    done = company.status()["looked_after"]
    await asyncio.sleep(4.5)
    assert company.status()["looked_after"] == done == 2
    assert talker.state == pyotr.state == waiter.state == offered.state == "answered"
    assert talking.id not in {entry.call_id for entry in company.journal()}

    await waiter.hangup()
    ended = await company.until_event(CallEnded)
    assert ended.call_id == waiting.id
    record = derive_call([*carried, *(entry for entry in company.journal() if entry.call_id == waiting.id)])
    assert record is not None
    assert (record.tenant, record.operator, record.disposition) == ("romashka", "101", "answered")
    assert (record.started_at, record.ended_at) == (carried[0].at, ended.at)
    assert [leg.result for leg in record.legs] == ["cancelled", "answered"]

    # His operator hangs up: that talk is over, and rings nobody again.
    await pyotr.hangup()
    await talker.wait_state("ended", 10)
    assert len(company.anna.calls) == 2


@pytest.mark.switch
async def test_nothing_is_done_while_there_is_an_engine(company: Office) -> None:
    from engine.operations import serve

    async def ping() -> dict[str, str]:
        return {"switch": "up"}

    async with stand_in(company) as engine:
        server = await serve(company.settings.engine_socket, {"ping": ping})
        try:
            company.start_fallback()
            call = await company.trunk.call(NUMBER, caller=CALLER)
            await engine.take()
            await asyncio.sleep(13)
            assert company.status()["looked_after"] == 0
            assert company.status()["engine"] == "works"
            assert call.state == "answered"
        finally:
            await server.close()
    offered = await company.anna.wait_incoming(20)
    await offered.answer()
    await until(lambda: call.state == "answered", 1, "the caller is still there")


def channel(channel_id: str, app: str = "Stasis", exten: str = NUMBER, data: str = "") -> LiveChannel:
    return LiveChannel(channel_id, "PJSIP/x-1", "Up", Execution("from-trunk", exten, app, data))


def test_who_is_alone() -> None:
    other = "cell1-1.2"
    channels = [channel(CALL), channel(f"{CALL}.leg.1"), channel(other), channel("cell1-1.3", "Dial")]
    talk = LiveBridge("b", "mixing", [CALL, f"{CALL}.leg.1"])
    found = Orphans(channels, [talk], {})
    assert ([each.id for each in found.callers], found.legs) == ([other], [])
    # A queue's bridge holds people apart; an announcer is no party.
    holding = LiveBridge("h", "holding", [CALL, other])
    announced = LiveBridge("a", "mixing", [f"{CALL}.leg.1", "cell1-1.99"])
    found = Orphans(channels, [holding, announced], {})
    assert [each.id for each in found.callers] == [CALL, other]
    assert [each.id for each in found.legs] == [f"{CALL}.leg.1"]


def test_the_number_is_what_the_caller_had_dialled() -> None:
    handed = channel(CALL, exten="", data="vats,in,84951234567,city")
    # app_data begins with the application's name.
    assert Orphans([handed], [], {}).number(handed) == "84951234567"
    assert Orphans([handed], [], {}).number(channel(CALL)) == NUMBER


@pytest.mark.parametrize(
    ("state", "answered", "talked"), [("Up", False, True), ("Ring", False, False), ("Up", True, False)]
)
def test_who_heard_early_media_and_is_up_has_talked_unseen(state: str, answered: bool, talked: bool) -> None:
    """The switch answers him when the other side does; but for one who had been answered before."""
    events: list[Event] = [LegHeard(f"{CALL}.leg.1", f"{CALL}.bridge.1")]
    if answered:
        events.append(CallAnswered())
    entries = [Entry(CALL, seq, 0, 0, "", event) for seq, event in enumerate(events)]
    alone = LiveChannel(CALL, "PJSIP/x-1", state, Execution("from-user", NUMBER, "Stasis"))
    assert Orphans([alone], [], {CALL: entries}).has_talked(alone) == talked
