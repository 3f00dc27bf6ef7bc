"""Two thousand calls one after another: as many records, none different from the switch's own (F40)."""

import os
from pathlib import Path

import pytest

from tests.live.site import CITY_NUMBER, running_site
from tests.sipp import Callee, Caller, Key, Sipp, Tone, write_pcap

pytestmark = [pytest.mark.switch, pytest.mark.load, pytest.mark.timeout(600)]

CALLS = int(os.environ.get("VATS_TEST_CALLS", "2000"))
RATE = 10


async def test_f40_two_thousand_calls_two_thousand_records(tmp_path: Path) -> None:
    async with running_site(tmp_path, "engine", "worker", any_port=True) as site:
        remote = ("127.0.0.1", site.settings.ports.sip)
        users = {"romashka-101-desk": site.password("101")}
        sound = write_pcap(tmp_path / "caller.pcap", [Tone(440, 300), Key("2"), Tone(440, 3500)])
        async with Sipp(Callee(ring_ms=100), remote, tmp_path, calls=0, rtp_echo=True, users=users):
            caller = Caller(CITY_NUMBER, caller="+7904[call_number]", sound=sound, stay_ms=4000)
            async with Sipp(caller, remote, tmp_path, calls=CALLS, rate=RATE) as callers:
                result = await callers.wait(CALLS / RATE + 60)
        assert (result.successful, result.failed) == (CALLS, 0)
        records = await site.records(CALLS, timeout=30)
        assert len(records) == CALLS
        assert len({record["call_id"] for record in records}) == CALLS
        assert {record["disposition"] for record in records} == {"answered"}
        verification = site.vats("cdr", "verify")
        assert verification.returncode == 0, verification.stdout + verification.stderr
        assert "0 active channels" in site.instance.cli("core show channels")
        assert await site.calls() == []
