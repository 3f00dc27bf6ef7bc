"""A switch without any music on hold: whoever waits hears the ringing tone, and words (F35)."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instance import asterisk_root
from tests.live.people import CALLER_HZ, OPERATOR_HZ, a_caller, is_told, nothing_left, prompt_file
from tests.live.site import CITY_NUMBER, eventually, running_site
from tests.live.test_waiting_told import pauses
from tests.phones import tones_heard, write_tone

pytestmark = pytest.mark.switch

TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}}}
users: {{"101": {{name: Анна Иванова}}}}
queues:
  sales: {{members: ["101"], ring_timeout: 60s, announce: {{own: [{{prompt: goodbye, every: 12s}}]}}}}
"""
SCENARIO = """\
scenario: main
start: wait
steps:
  wait: {type: queue, queue: sales, on_timeout: bye}
  bye: {type: hangup, prompt: goodbye}
"""
# A ringing tone sounds for a second or two and is silent for four.
LONGEST_PAUSE_S = 5.0


@pytest.fixture
def without_music(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tests' Asterisk, but for its folder `moh`, which is empty."""
    with tempfile.TemporaryDirectory(prefix="vats-", dir="/tmp") as folder:
        root, ours = asterisk_root(), Path(folder)
        ours.chmod(0o755)
        for below in (Path(), Path("usr"), Path("usr/share"), Path("usr/share/asterisk")):
            (ours / below).mkdir(exist_ok=True)
            for entry in (root / below).iterdir():
                if entry.name not in ("usr", "share", "asterisk", "moh"):
                    (ours / below / entry.name).symlink_to(entry.resolve())
        (ours / "usr/share/asterisk/moh").mkdir()
        monkeypatch.setenv("VATS_ASTERISK_ROOT", str(ours))
        yield


async def test_f35_the_ringing_tone_stands_in_for_music_and_ends_with_the_answer(
    without_music: None, tmp_path: Path
) -> None:
    tenants, scenarios = tmp_path / "our-tenants", tmp_path / "our-scenarios"
    tenants.mkdir()
    (tenants / "romashka.yaml").write_text(TENANT)
    (scenarios / "romashka").mkdir(parents=True)
    (scenarios / "romashka" / "main.yaml").write_text(SCENARIO)
    async with running_site(tmp_path, "engine", tenants=tenants, scenarios=scenarios) as site:
        await eventually(lambda: "music.set" in site.instance.log("engine"), 20, "music is set")
        anna = await site.phone("101")
        caller = await (await site.city()).call(CITY_NUMBER, caller=a_caller())
        await caller.wait_state("answered")
        waits, talks = tmp_path / "waits.wav", tmp_path / "talks.wav"
        await caller.record(waits)
        offered = await anna.wait_incoming()
        await asyncio.sleep(30)
        await caller.stop_record()
        await is_told(waits, prompt_file(site, "goodbye"), 1)
        assert max(pauses(waits), default=0) < LONGEST_PAUSE_S
        await offered.answer()
        await offered.play(write_tone(tmp_path / "1000.wav", OPERATOR_HZ))
        await caller.play(write_tone(tmp_path / "440.wav", CALLER_HZ))
        await caller.record(talks)
        await offered.record(tmp_path / "hers.wav")
        await caller.wait_tone(OPERATOR_HZ, 6, 15)
        await offered.wait_tone(CALLER_HZ, 2)
        await caller.stop_record()
        heard = tones_heard(talks, [OPERATOR_HZ])[OPERATOR_HZ]
        assert heard.seconds > 0.8 * heard.span, "nothing rings into their talk"
        await site.hang_up_all()
        await nothing_left(site)
