"""The engine dies or is upgraded while fifty people are on the line: nobody notices (F45, F40)."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.live.site import CITY_NUMBER, Site, running_site
from tests.sipp import Callee, Caller, Key, Sipp, Tone, write_pcap

pytestmark = pytest.mark.switch

IN_MENU, RINGING, TALKING = 16, 10, 24


class Crowd:
    """Callers in a menu, others for whom it rings, others who talk, all by SIPp."""

    def __init__(self, site: Site, folder: Path, stack: AsyncExitStack, stay_s: float) -> None:
        self._site, self._folder, self._stack, self._stay_ms = site, folder, stack, round(stay_s * 1000)
        self.groups: list[Sipp] = []
        self._remote = ("127.0.0.1", site.settings.ports.sip)

    async def operators(self, extension: str, callee: Callee) -> None:
        name = f"romashka-{extension}-desk"
        users = {name: self._site.password(extension)}
        await self._stack.enter_async_context(
            Sipp(callee, self._remote, self._folder, name=name, calls=0, rtp_echo=True, users=users)
        )

    async def callers(self, name: str, digits: str, number: int, first: str) -> None:
        keys: list[Tone | Key] = [Tone(440, 400)]
        for digit in digits:
            keys += [Key(digit), Tone(440, 100)]
        sound = write_pcap(self._folder / f"{name}.pcap", [*keys, Tone(440, self._stay_ms)])
        caller = Caller(CITY_NUMBER, caller=f"{first}[call_number]", sound=sound, stay_ms=self._stay_ms)
        run = Sipp(caller, self._remote, self._folder, name=name, calls=number, rate=10)
        self.groups.append(await self._stack.enter_async_context(run))

    async def states(self) -> dict[str, int]:
        calls = await self._site.calls()
        return {
            state: sum(call["state"] == state for call in calls) for state in ("menu", "ringing", "talking")
        }


async def wait_states(crowd: Crowd, wanted: dict[str, int], timeout: float = 20) -> None:
    end = asyncio.get_running_loop().time() + timeout
    while (states := await crowd.states()) != wanted:
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"wanted {wanted}, found {states}")
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "upgraded"])
async def test_f45_fifty_calls_survive_the_engine(tmp_path: Path, how: signal.Signals) -> None:
    # Any port of this machine may be the trunk, so that several SIPps can call at once.
    async with running_site(tmp_path, "engine", "worker", any_port=True) as site, AsyncExitStack() as stack:
        crowd = Crowd(site, tmp_path, stack, stay_s=30)
        await crowd.operators("101", Callee(ring_ms=100))
        await crowd.operators("103", Callee(ring_ms=None))
        await crowd.callers("talking", "2", TALKING, "+790300001")
        await crowd.callers("ringing", "103", RINGING, "+790300002")
        await crowd.callers("menu", "", IN_MENU, "+790300003")
        wanted = {"menu": IN_MENU, "ringing": RINGING, "talking": TALKING}
        await wait_states(crowd, wanted)
        before = {call["call_id"]: call["operator"] for call in await site.calls()}
        assert site.engine is not None
        site.engine.send_signal(how)
        await asyncio.to_thread(site.engine.wait, 10)
        await site.start_engine()
        after = {call["call_id"]: call["operator"] for call in await site.calls()}
        assert after == before, "every call goes on, with whom it was"
        assert await crowd.states() == wanted
        results = [await group.wait(60) for group in crowd.groups]
        assert [(result.successful, result.failed) for result in results] == [
            (TALKING, 0),
            (RINGING, 0),
            (IN_MENU, 0),
        ]
        records = await site.records(len(before), timeout=30)
        assert sorted(record["call_id"] for record in records) == sorted(before)
        assert {record["source"] for record in records} == {"engine"}
        talked = [record for record in records if record["operator"] == "101"]
        assert len(talked) == TALKING
        assert all(record["ended_by"] == "caller" for record in records)
        assert all(record["talk_s"] > 15 for record in talked), "talk before and after is one talk"
        await site.wait_rows(lambda row: bool(row["recording"]), TALKING, timeout=60)
        verification = site.vats("cdr", "verify")
        assert verification.returncode == 0, verification.stdout + verification.stderr
        assert "0 active channels" in site.instance.cli("core show channels")
