"""The spool: numbering, durability, rotation, torn lines and a disk that refuses (F40, F45)."""

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.fallback.engine_journal import EngineJournal
from engine.journal.events import FALLBACK_SEQ, CallEnded, CallStarted, DigitReceived, Entry, decode
from engine.journal.presence_events import PresenceBegan, PresenceEnded, PresenceExtended
from engine.journal.recording_events import RecordingStopped
from engine.journal.segments import list_segments, read_segment
from engine.journal.spool import Spool, SpoolInUse
from tests.instance import Instance

STARTED = CallStarted(
    direction="in", tenant="romashka", number="+74951234567", caller="+79031112233", channel="PJSIP/city-1"
)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def spool(folder: Path, name: str = "engine", **more: int) -> Spool:
    return Spool(folder, name, SystemClock(), **more)


def lines(folder: Path, name: str = "engine") -> list[Entry]:
    return [
        decode(line)
        for segment in list_segments(folder, name)
        for line in segment.path.read_bytes().splitlines()
        if line
    ]


async def test_events_are_numbered_by_call_and_found_again(tmp_path: Path) -> None:
    first = spool(tmp_path)
    assert first.open() == {}
    assert [first.append("a", STARTED).seq, first.append("a", DigitReceived("1")).seq] == [1, 2]
    assert first.append("b", STARTED, at=1_763_800_000_123).at == 1_763_800_000_123
    first.append("b", CallEnded("caller"))
    assert first.open_calls() == ["a"]
    assert first.events("b") == ()
    kept = list(first.events("a"))
    await first.close()

    second = spool(tmp_path)
    assert second.open() == {"a": kept}
    assert second.append("a", DigitReceived("2")).seq == 3
    assert second.append("b", RecordingStopped("b")).seq == 3, (
        "a late event of an ended call goes on numbering"
    )
    assert second.open_calls() == ["a"]
    await second.close()


async def test_each_writer_has_its_own_range_and_files(tmp_path: Path) -> None:
    fallback = spool(tmp_path, "fallback", first_seq=FALLBACK_SEQ)
    fallback.open()
    assert fallback.append("a", STARTED).seq == FALLBACK_SEQ
    await fallback.close()
    engine = spool(tmp_path)
    assert engine.open() == {}
    await engine.close()


async def test_bytes_reach_the_file_at_the_next_turn_and_the_disk_within_20_ms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[float] = []
    loop = asyncio.get_running_loop()
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        synced.append(loop.time())
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    journal = spool(tmp_path)
    journal.open()
    begun = loop.time()
    journal.append("a", STARTED)
    await asyncio.sleep(0)
    assert len(lines(tmp_path)) == 1
    await until(lambda: bool(synced))
    assert synced[0] - begun < 0.2, "group commit is 20 ms; the rest is room for a busy machine"
    await journal.close()


async def test_sync_waits_until_all_is_durable(tmp_path: Path) -> None:
    journal = spool(tmp_path)
    journal.open()
    for number in range(50):
        journal.append("a", DigitReceived(str(number % 10)))
    await journal.sync()
    assert len(lines(tmp_path)) == 50
    await journal.sync()
    await journal.close()


async def test_rotation_carries_open_calls_and_drops_ended_ones(tmp_path: Path) -> None:
    journal = spool(tmp_path, segment_bytes=2000)
    journal.open()
    journal.append("open", STARTED)
    for number in range(60):
        journal.append(f"done-{number}", STARTED)
        journal.append(f"done-{number}", CallEnded("caller"))
        await journal.sync()
    journal.append("open", DigitReceived("1"))
    await journal.close()
    segments = list_segments(tmp_path, "engine")
    assert len(segments) > 2
    newest = read_segment(segments[-1].path)
    assert [entry.seq for entry in newest.open["open"]] == [1, 2]
    assert list(newest.open) == ["open"]
    seen = {(entry.call_id, entry.seq) for entry in lines(tmp_path)}
    assert seen == {("open", 1), ("open", 2)} | {(f"done-{n}", seq) for n in range(60) for seq in (1, 2)}
    again = spool(tmp_path)
    assert list(again.open()) == ["open"]
    assert again.append("done-0", RecordingStopped("x")).seq == 3
    await again.close()


@pytest.mark.parametrize(
    "torn", [b'["a",2,17638', b'["a",2,1763800000000,5,"boot",{"kind":"digit","digit":"7"}]']
)
async def test_a_torn_last_line_is_tolerated(tmp_path: Path, torn: bytes) -> None:
    journal = spool(tmp_path)
    journal.open()
    journal.append("a", STARTED)
    await journal.close()
    path = list_segments(tmp_path, "engine")[0].path
    path.write_bytes(path.read_bytes() + torn)
    whole = torn.endswith(b"]")
    again = spool(tmp_path)
    assert [entry.seq for entry in again.open()["a"]] == ([1, 2] if whole else [1])
    assert again.append("a", DigitReceived("5")).seq == (3 if whole else 2)
    await again.close()
    entries = read_segment(path).open["a"]
    assert [entry.seq for entry in entries] == ([1, 2, 3] if whole else [1, 2])
    assert entries[-1].event == DigitReceived("5")


async def test_left_over_of_an_unfinished_rotation_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "engine-000007.new").write_bytes(b"half")
    journal = spool(tmp_path)
    assert journal.open() == {}
    await journal.close()
    assert sorted(os.listdir(tmp_path)) == ["engine-000001.jsonl", "engine.lock"]


async def test_a_full_disk_keeps_entries_in_memory_and_writes_them_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    full = True

    def write(descriptor: int, data: bytes) -> int:
        if not full:
            return real(descriptor, data)
        if len(data) > 40:
            return real(descriptor, data[:40])  # what fits
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = spool(tmp_path)
    journal.open()
    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr("engine.journal.spool.RETRY_SECONDS", 0.02)
    journal.append("a", STARTED)
    monkeypatch.setattr(os, "write", lambda fd, data: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    journal.append("a", DigitReceived("1"))
    await until(lambda: not journal.healthy)
    journal.append("a", DigitReceived("2"))
    monkeypatch.setattr(os, "write", write)
    await asyncio.sleep(0.05)
    full = False
    await journal.sync()
    assert journal.healthy
    await journal.close()
    assert [entry.seq for entry in read_segment(list_segments(tmp_path)[0].path).open["a"]] == [1, 2, 3]


async def test_a_failed_fdatasync_moves_to_a_new_file_with_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fdatasync
    failures = [OSError(errno.EIO, "Input/output error")]

    def fdatasync(descriptor: int) -> None:
        if failures:
            raise failures.pop()
        real(descriptor)

    journal = spool(tmp_path)
    journal.open()
    monkeypatch.setattr("engine.journal.spool.RETRY_SECONDS", 0.02)
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    journal.append("a", STARTED)
    journal.append("b", STARTED)
    journal.append("b", CallEnded("caller"))
    await journal.sync()
    assert journal.healthy
    await journal.close()
    newest = list_segments(tmp_path)[-1]
    assert newest.number == 2
    found = read_segment(newest.path)
    assert list(found.open) == ["a"]
    assert found.ended["b"][0].event == CallEnded("caller")


async def test_closing_with_a_full_disk_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = spool(tmp_path)
    journal.open()
    monkeypatch.setattr("engine.journal.spool.CLOSE_SECONDS", 0.05)
    monkeypatch.setattr(os, "write", lambda fd, data: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    journal.append("a", STARTED)
    await journal.close()
    assert not journal.healthy


def test_kill_9_loses_nothing_older_than_20_ms(tmp_path: Path) -> None:
    """A process is killed in the midst of appending; what it reported 20 ms before is all there."""
    program = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from engine.clock import SystemClock
        from engine.journal.events import DigitReceived
        from engine.journal.spool import Spool
        async def main():
            spool = Spool(Path(sys.argv[1]), "engine", SystemClock(), segment_bytes=20_000)
            spool.open()
            while True:
                last = spool.append("a", DigitReceived("1")).seq
                await asyncio.sleep(0.02)
                print(last, flush=True)
        asyncio.run(main())
        """
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    reported = 0
    for line in process.stdout:
        reported = int(line)
        if reported == 30:
            process.kill()
            break
    process.wait()
    process.stdout.close()
    found = read_segment(list_segments(tmp_path)[-1].path).open["a"]
    assert [entry.seq for entry in found][:reported] == list(range(1, reported + 1))


def test_one_process_writes_a_spool_and_a_stopped_one_holds_it_until_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from engine.clock import SystemClock
        from engine.journal.spool import Spool
        Spool(Path(sys.argv[1]), "engine", SystemClock()).open()
        print("open", flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            other = spool(tmp_path, "fallback")
            other.open()
            asyncio.run(other.close())
            journal = spool(tmp_path)
            with pytest.raises(SpoolInUse, match=f"'engine' is held by process {holder.pid},"):
                journal.open()
            holder.send_signal(signal.SIGSTOP)
            with pytest.raises(SpoolInUse, match=str(holder.pid)):
                journal.open()
        finally:
            holder.kill()
        holder.wait()
    journal.open()
    assert (tmp_path / "engine.lock").read_text() == f"{os.getpid()}\n"
    asyncio.run(journal.close())
    again = spool(tmp_path)
    again.open()
    asyncio.run(again.close())


def test_a_second_engine_or_worker_ends_with_a_message(instance: Instance) -> None:
    """Each names who holds the journal, and leaves the first one's pid file alone."""
    folder = instance.settings.journal_folder
    for process, name in (("engine", "engine"), ("worker", "switch"), ("fallback", "fallback")):
        holder = spool(folder, name)
        holder.open()
        try:
            assert instance.start(process).wait(20) == 1
        finally:
            asyncio.run(holder.close())
        last = json.loads(instance.log(process).splitlines()[-1])
        assert f"held by process {os.getpid()}" in last["error"]
    assert not (instance.settings.run_folder / "engine.pid").exists()


async def test_append_costs_under_15_microseconds(tmp_path: Path) -> None:
    import time

    journal = spool(tmp_path)
    journal.open()
    begun = time.process_time()
    for number in range(5000):
        journal.append(f"cell1-{number % 100}", STARTED)
        if number % 20 == 0:
            await asyncio.sleep(0)
    assert (time.process_time() - begun) / 5000 < 15e-6 * 3, "three times the aim, for a busy machine"
    await journal.close()


async def test_an_end_is_remembered_over_a_restart_and_a_rotation(tmp_path: Path) -> None:
    """So that a channel whose record is closed is no new caller."""
    journal = spool(tmp_path, segment_bytes=500)
    journal.open()
    journal.append("a", STARTED)
    assert not journal.has_ended("a")
    journal.append("a", CallEnded("caller"))
    assert journal.has_ended("a")
    assert not journal.has_ended("never heard of")
    for number in range(10):
        journal.append("b", DigitReceived(str(number)))
        await journal.sync()
    await journal.close()
    assert len(list_segments(tmp_path, "engine")) > 1
    again = spool(tmp_path)
    again.open()
    assert again.has_ended("a")
    assert not again.has_ended("b")
    await again.close()


async def test_a_released_call_is_neither_open_nor_ended_and_not_carried_on(tmp_path: Path) -> None:
    """The fallback goes on with it under the same id; what was written stays."""
    journal = spool(tmp_path, segment_bytes=500)
    journal.open()
    journal.append("a", STARTED)
    journal.append("b", STARTED)
    await journal.sync()
    journal.release("a")
    journal.release("a")
    assert journal.open_calls() == ["b"]
    assert journal.events("a") == ()
    assert not journal.has_ended("a")
    for number in range(10):
        journal.append("b", DigitReceived(str(number)))
        await journal.sync()
    await journal.close()
    segments = list_segments(tmp_path, "engine")
    assert len(segments) > 1
    assert list(read_segment(segments[-1].path).open) == ["b"]
    assert ("a", 1) in {(entry.call_id, entry.seq) for entry in lines(tmp_path)}


async def test_the_newest_event_is_known_by_its_time_not_its_place(tmp_path: Path) -> None:
    """From there on the switch's log is read after a restart: found by time, ended calls' events too."""
    journal = spool(tmp_path)
    journal.open()
    assert journal.last_at == 0
    journal.append("a", STARTED, at=5_000)
    journal.append("b", STARTED, at=9_000)
    journal.append("b", CallEnded("caller"), at=9_500)
    journal.append("a", DigitReceived("1"), at=6_000)
    assert journal.last_at == 9_500
    await journal.close()
    again = spool(tmp_path)
    again.open()
    assert again.last_at == 9_500
    await again.close()


async def test_streams_that_are_no_calls_are_found_apart_and_end_by_their_own_event(tmp_path: Path) -> None:
    first = spool(tmp_path, segment_bytes=300)
    first.open()
    first.append("a", STARTED)
    began = PresenceBegan("romashka", "101", "paused", reason="обед", by="101")
    for stream in ("cell1-presence-romashka-101-1", "cell1-presence-romashka-101-2"):
        first.append(stream, began)
    first.append("cell1-presence-romashka-101-1", PresenceEnded("101"))
    first.append("cell1-presence-romashka-101-2", PresenceExtended(7))
    await until(lambda: list_segments(tmp_path, "engine")[-1].number > 1)
    await first.close()

    second = spool(tmp_path)
    assert set(second.open()) == {"a", "cell1-presence-romashka-101-2"}
    assert second.open_calls() == ["a"]
    [(stream, entries)] = second.open_streams(PresenceBegan).items()
    assert stream == "cell1-presence-romashka-101-2"
    assert [entry.event for entry in entries] == [began, PresenceExtended(7)]
    assert second.has_ended("cell1-presence-romashka-101-1")
    assert EngineJournal(tmp_path).open_calls().keys() == {"a"}, "the fallback looks after calls only"
    await second.close()
