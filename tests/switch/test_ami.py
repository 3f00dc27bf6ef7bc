"""AMI on a real Asterisk: recording files, AstDB, and a connection that comes back (F01)."""

import asyncio
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from engine.recordings.mixing import is_closed
from engine.secrets import existing_secret
from engine.settings import Trunk
from engine.switch.ami import Ami
from engine.switch.ari.connection import WebSocketConnection
from engine.switch.ari.events import StasisStart, SwitchEvent
from engine.switch.ari.resources import Channel
from engine.switch.errors import Gone, Refused, SwitchAway
from tests import sound
from tests.instance import Instance, wait_until
from tests.phones import Phone, PhoneCall, write_tone
from tests.ports import free_port

pytestmark = pytest.mark.switch
# By how much sound or a request may be late on a machine that others use, too.
LATE_S = 0.5


@asynccontextmanager
async def connected(instance: Instance, limit: float = 3.0) -> AsyncIterator[Ami]:
    settings = instance.settings
    ami = Ami("127.0.0.1", settings.ports.ami, "vats", existing_secret(settings, "ami"), limit=limit)
    before = asyncio.all_tasks()
    await ami.connect()
    try:
        yield ami
    finally:
        await ami.close()
        assert not ami.connected
        assert asyncio.all_tasks() == before, "a task was left"


async def until_connected(ami: Ami, wanted: bool, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while ami.connected is not wanted:
        assert time.monotonic() < end, f"connected is not {wanted} within {seconds} s"
        await asyncio.sleep(0.02)


def stored(database: Path, key: str) -> str:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute("select value from astdb where key = ?", (key,)).fetchone()
    return str(found[0]) if found else ""


async def test_database_and_refusals(instance: Instance) -> None:
    instance.start_asterisk()
    async with connected(instance) as ami:
        assert await ami.database_tree("fallback") == {}
        await ami.database_put("fallback", "+74951234567", "PJSIP/romashka-101-desk&PJSIP/romashka-102-desk")
        await ami.database_put("fallback", "+78125550101", "PJSIP/romashka-102-desk")
        assert await ami.database_tree("fallback") == {
            "+74951234567": "PJSIP/romashka-101-desk&PJSIP/romashka-102-desk",
            "+78125550101": "PJSIP/romashka-102-desk",
        }
        await ami.database_delete("fallback", "+78125550101")
        await ami.database_delete("fallback", "+78125550101")
        assert list(await ami.database_tree("fallback")) == ["+74951234567"]
        assert instance.cli("database get fallback +74951234567").startswith("Value: PJSIP/romashka-101-desk")

        with pytest.raises(Gone, match="No such channel"):
            await ami.start_mixmonitor("PJSIP/nobody-00000001", "a.wav", "b.wav")
        with pytest.raises(Gone):
            await ami.stop_mixmonitor("PJSIP/nobody-00000001")
        with pytest.raises(Refused, match="line break"):
            await ami.database_put("fallback", "+7", "x\r\nAction: Command\r\nCommand: core stop now")
        with pytest.raises(Refused, match="endpoint"):
            await ami.notify("nobody", event="message-summary", content_type="text/plain", content=["a"])
        with pytest.raises(Refused, match="line break"):
            await ami.notify("x", event="check-sync", content_type="text/plain", content=["a", "b\r\n\r\nc"])

    stranger = Ami("127.0.0.1", instance.settings.ports.ami, "vats", "wrong")
    with pytest.raises(Refused, match="Authentication failed"):
        await stranger.connect()
    await stranger.close()


@asynccontextmanager
async def call_to_record(tmp_path: Path) -> AsyncIterator[tuple[Ami, PhoneCall, str, Path]]:
    """A call from a trunk that we answered and that hears music; the channel's name, and where to record."""
    port = free_port()
    with Instance(tmp_path, {"city": Trunk(addresses=[f"127.0.0.1:{port}"])}) as instance:
        instance.start_asterisk()
        settings = instance.settings
        arrived: asyncio.Queue[StasisStart] = asyncio.Queue()
        ready = asyncio.Event()

        def on_event(event: SwitchEvent) -> None:
            if isinstance(event, StasisStart):
                arrived.put_nowait(event)

        async def on_connected() -> None:
            ready.set()

        connection = WebSocketConnection(
            host="127.0.0.1", port=settings.ports.ari,
            username="vats", password=existing_secret(settings, "ari"),
            application="vats", on_event=on_event, on_connected=on_connected, on_lost=lambda: None,
        )  # fmt: skip
        running = asyncio.create_task(connection.run())
        try:
            async with asyncio.timeout(60):
                await ready.wait()
                trunk = Phone.trunk("127.0.0.1", settings.ports.sip, tmp_path, local_port=port)
                async with connected(instance) as ami, trunk:
                    call = await trunk.call("+74951234567", caller="+79031112233")
                    event = await arrived.get()
                    channel = Channel(connection, event.channel.id)
                    await channel.answer()
                    await call.wait_state("answered")
                    await channel.start_music()
                    yield ami, call, event.channel.name, settings.raw_recordings_folder
                    await call.hangup()
        finally:
            running.cancel()
            await asyncio.wait({running})


async def test_a_channel_in_stasis_is_recorded_in_two_files_in_step(tmp_path: Path) -> None:
    async with call_to_record(tmp_path) as (ami, call, channel_name, folder):
        await call.play(write_tone(tmp_path / "440.wav", 440))
        receive, transmit = folder / "in.wav", folder / "out.wav"
        await ami.start_mixmonitor(channel_name, str(receive), str(transmit))
        await asyncio.sleep(2)
        await ami.stop_mixmonitor(channel_name)
        with pytest.raises(Gone):
            await ami.stop_mixmonitor(channel_name)
        await asyncio.to_thread(wait_until, lambda: all(is_closed(file) for file in (receive, transmit)))
        assert sorted(path.name for path in folder.iterdir()) == ["in.wav", "out.wav"], "no mixed file"
        assert sound.presence(receive, 0, 440) > 0.8
        assert sound.silence(transmit) < 0.9, "music is in it"
        assert sound.presence(transmit, 0, 440) < 0.2
        assert abs(sound.seconds(receive) - sound.seconds(transmit)) < 0.1
        assert 1.5 < sound.seconds(receive) < 3.5


async def test_while_muted_both_files_go_on_with_silence(tmp_path: Path) -> None:
    """F01: for card numbers."""
    async with call_to_record(tmp_path) as (ami, call, channel_name, folder):
        receive, transmit = folder / "in.wav", folder / "out.wav"
        with pytest.raises((Gone, Refused)):
            await ami.mute_mixmonitor(channel_name, True)
        await call.play(write_tone(tmp_path / "440.wav", 440))
        await ami.start_mixmonitor(channel_name, str(receive), str(transmit))
        began = time.monotonic()
        await asyncio.sleep(2.5)
        await ami.mute_mixmonitor(channel_name, True)
        muted = time.monotonic() - began
        await ami.mute_mixmonitor(channel_name, True)
        await asyncio.sleep(2.5)
        resumed = time.monotonic() - began
        await ami.mute_mixmonitor(channel_name, False)
        await asyncio.sleep(2.5)
        await ami.stop_mixmonitor(channel_name)
        ended = time.monotonic() - began
        await asyncio.to_thread(wait_until, lambda: all(is_closed(file) for file in (receive, transmit)))
        for file in (receive, transmit):
            assert abs(sound.seconds(file) - ended) < LATE_S, file.name
            samples, rate = sound.channel(file)
            assert abs(samples[round((muted + LATE_S) * rate) : round((resumed - LATE_S) * rate)]).max() == 0
        before, after = (
            samples_of(receive, 0, muted - LATE_S),
            samples_of(receive, resumed + LATE_S, ended - LATE_S),
        )
        assert sound.level(before[2000:], 440) > 0.9
        assert sound.level(after, 440) > 0.9


def samples_of(file: Path, begin: float, end: float) -> sound.Samples:
    samples, rate = sound.channel(file)
    return samples[round(begin * rate) : round(end * rate)]


async def test_the_connection_comes_back_after_asterisk_does(instance: Instance) -> None:
    instance.start_asterisk()
    async with connected(instance) as ami:
        await ami.database_put("fallback", "+7", "x")
        # Asterisk writes its database to disk once a second.
        database = instance.settings.asterisk_home / "lib" / "astdb.sqlite3"
        await asyncio.to_thread(wait_until, lambda: stored(database, "/fallback/+7") == "x")
        instance.kill_asterisk()
        await until_connected(ami, False)
        with pytest.raises(SwitchAway, match="not connected"):
            await ami.database_put("fallback", "+7", "y")
        await asyncio.to_thread(instance.start_asterisk)
        await until_connected(ami, True)
        assert await ami.database_tree("fallback") == {"+7": "x"}


async def test_a_hanging_asterisk_is_away_within_the_limit(instance: Instance) -> None:
    instance.start_asterisk()
    assert instance.asterisk is not None
    async with connected(instance, limit=0.5) as ami:
        instance.asterisk.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{instance.asterisk.pid}/task")
        wait_until(
            lambda: all(" T " in (each / "stat").read_text() for each in threads.iterdir()), what="stopped"
        )
        asked = [asyncio.create_task(ami.database_put("fallback", str(n), "x")) for n in range(3)]
        for each in asked:
            with pytest.raises(SwitchAway):
                await each
        instance.asterisk.send_signal(signal.SIGCONT)
        await until_connected(ami, True)
        await ami.database_put("fallback", "+7", "x")


async def test_no_asterisk_is_said_at_once_and_tried_again(instance: Instance) -> None:
    settings = instance.settings
    ami = Ami("127.0.0.1", settings.ports.ami, "vats", existing_secret(settings, "ami"))
    with pytest.raises(SwitchAway):
        await ami.connect()
    try:
        await asyncio.to_thread(instance.start_asterisk)
        await until_connected(ami, True)
    finally:
        await ami.close()
