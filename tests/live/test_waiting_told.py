"""What waiting callers hear of real Asterisk, measured in their ears (F15, F35)."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests.live.people import CALLER_HZ, OPERATOR_HZ, a_caller, is_told, nothing_left, prompt_file
from tests.live.site import Site, eventually, running_site
from tests.phones import PhoneCall, tones_heard, write_tone
from tests.sound import channel

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

SALES, SMALL, BARE, EMPTY = (f"+7495123456{number}" for number in (7, 8, 9, 0))
MUSIC_HZ, QUEUE_HZ, STORY_HZ = 600, 800, 1300
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers:
  "{SALES}": {{scenario: main}}
  "{SMALL}": {{scenario: small}}
  "{BARE}": {{scenario: bare}}
  "{EMPTY}": {{scenario: empty}}
users: {{"101": {{name: Анна Иванова}}, "102": {{name: Пётр Смирнов}}}}
queues:
  sales:
    members: ["101"]
    ring_timeout: 60s
    music: jazz
    announce:
      position: 15s
      own: [{{prompt: story, first: 30s, every: 60s}}]
  small: {{members: ["102"], max_length: 1, ring_timeout: 60s}}
  bare:
    members: ["102"]
    ring_timeout: 60s
    music: nosuch
    announce:
      own: [{{prompt: story-of-old, first: 5s}}]
      other_ways: {{prompts: [queue-heavy-load], every: 20s}}
  empty: {{members: ["102"], join_when_empty: false}}
"""
SCENARIOS = {
    "main": "keys: {1: chosen}, on_timeout: bye}\n  chosen: {type: hangup, prompt: thanks-for-rating}",
    "small": "on_full: full, on_timeout: bye}\n  full: {type: hangup, prompt: lines-busy}",
    "bare": "on_timeout: bye}",
    "empty": "on_unavailable: nobody, on_timeout: bye}\n  nobody: {type: hangup, prompt: closed}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("told")
    tenants, scenarios = folder / "tenants", folder / "scenarios"
    tenants.mkdir()
    (tenants / "romashka.yaml").write_text(TENANT)
    own = scenarios / "romashka"
    own.mkdir(parents=True)
    for name, steps in SCENARIOS.items():
        queue = "sales" if name == "main" else name
        (own / f"{name}.yaml").write_text(
            f"scenario: {name}\nstart: wait\nsteps:\n  wait: {{type: queue, queue: {queue}, {steps}\n"
            "  bye: {type: hangup, prompt: goodbye}\n"
        )
    write_tone(own / "music" / "one.wav", MUSIC_HZ, 3)
    write_tone(own / "music" / "jazz" / "one.wav", QUEUE_HZ, 3)
    write_tone(own / "prompts" / "story.wav", STORY_HZ, 20)
    write_tone(own / "prompts" / "story-of-old.wav", STORY_HZ, 2)
    async with running_site(folder, "engine", "worker", tenants=tenants, scenarios=scenarios) as running:
        await eventually(lambda: "music.set" in running.instance.log("engine"), 20, "music is set")
        yield running
        await running.hang_up_all()


async def enter(site: Site, number: str) -> PhoneCall:
    """A caller who has been answered, in the queue's step."""
    caller = a_caller()
    call = await (await site.city()).call(number, caller=caller)
    await call.wait_state("answered")
    await site.wait_call(caller=caller, step="wait")
    return call


def pauses(recording: Path) -> list[float]:
    """How long nothing at all was heard, each time, in seconds."""
    samples, rate = channel(recording)
    window = rate // 20
    parts = samples[: len(samples) // window * window].reshape(-1, window)
    loud = np.flatnonzero(np.sqrt((parts**2).mean(axis=1)) > 10 ** (-50 / 20))
    edges = [0, *(int(at) for at in loud), len(parts)]
    return [(b - a - 1) * 0.05 for a, b in pairwise(edges) if b - a > 1]


async def test_f35_his_place_is_in_his_ear_with_the_queues_music_and_an_answer_cuts_the_words(
    site: Site, tmp_path: Path
) -> None:
    anna = await site.phone("101")
    first = await enter(site, SALES)
    talk = await anna.wait_incoming()
    await talk.answer()
    second = await enter(site, SALES)
    heard = tmp_path / "second.wav"
    await second.record(heard)
    await is_told(heard, prompt_file(site, "queue-position"))
    await second.wait_tone(QUEUE_HZ, 2)

    # While the long story is told she gets free: it goes on while her phone rings, and ends by her answer.
    await second.wait_tone(STORY_HZ, 0.5, 40)
    await talk.hangup()
    await first.wait_state("ended")
    offered = await anna.wait_incoming()
    await asyncio.sleep(2)
    await second.stop_record()
    hers, his = tmp_path / "hers.wav", tmp_path / "his.wav"
    await second.play(write_tone(tmp_path / "440.wav", CALLER_HZ))
    await second.record(his)
    await second.wait_tone(STORY_HZ, 1)
    await offered.answer()
    await offered.record(hers)
    await offered.play(write_tone(tmp_path / "1000.wav", OPERATOR_HZ))
    await offered.wait_tone(CALLER_HZ, 1)
    await second.wait_tone(OPERATOR_HZ, 1)
    await second.stop_record()
    await offered.stop_record()
    at_hers, at_his = tones_heard(hers, [CALLER_HZ]), tones_heard(his, [STORY_HZ, OPERATOR_HZ])
    assert at_hers[CALLER_HZ].first < 2, "she hears him as soon as she has answered"
    assert at_his[STORY_HZ].seconds >= 1, "it was being told when she answered"
    between = at_his[OPERATOR_HZ].first - at_his[STORY_HZ].last
    assert -0.11 < between < 3.0, "and he her, at once and without our words"
    await site.hang_up_all()
    await nothing_left(site)


async def test_f35_for_a_minute_he_hears_something_all_the_time_though_music_and_a_prompt_are_missing(
    site: Site, tmp_path: Path
) -> None:
    # The recording was made, and has gone from the disk since.
    for made in prompt_file(site, "story-of-old").parent.glob("story-of-old*"):
        made.unlink()
    petr = await site.phone("102")
    caller = await enter(site, BARE)
    heard = tmp_path / "minute.wav"
    await caller.record(heard)
    await petr.wait_incoming()
    await asyncio.sleep(60)
    await caller.stop_record()
    assert max(pauses(heard), default=0) < 1.0
    assert tones_heard(heard, [MUSIC_HZ])[MUSIC_HZ].seconds > 30, "the tenant's, for the queue's is missing"
    await is_told(heard, prompt_file(site, "queue-heavy-load"), 1)
    assert "queue.announcement_failed" in site.instance.log("engine")
    await site.hang_up_all()
    await nothing_left(site)


async def test_f15_a_key_leads_out_at_once_while_it_rings(site: Site, tmp_path: Path) -> None:
    anna = await site.phone("101")
    caller = await enter(site, SALES)
    offered = await anna.wait_incoming()
    heard = tmp_path / "key.wav"
    await caller.record(heard)
    await caller.digits("1")
    await offered.wait_state("ended", 2)
    await is_told(heard, prompt_file(site, "thanks-for-rating"), 5)
    await caller.wait_state("ended", 10)
    await nothing_left(site)


async def test_f15_a_full_queue_and_one_with_nobody_are_left_at_once(site: Site, tmp_path: Path) -> None:
    petr = await site.phone("102")
    waiting = await enter(site, SMALL)
    await petr.wait_incoming()
    city = await site.city()
    for number, prompt in ((SMALL, "lines-busy"), (EMPTY, "closed")):
        if number == EMPTY:
            await waiting.hangup()
            done = site.vats("user", "dnd", "romashka", "102", "on")
            assert done.returncode == 0, done.stderr
        turned = await city.call(number, caller=a_caller())
        await turned.wait_state("answered")
        heard = tmp_path / f"{prompt}.wav"
        await turned.record(heard)
        await is_told(heard, prompt_file(site, prompt), 5)
        await turned.wait_state("ended", 15)
    await nothing_left(site)
