"""Texts with a variable: spoken in the call beside the engine, kept, bounded, and never in the call's way."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import TypeAdapter

from engine.directory.prompt_model import Prompt, TextPrompt
from engine.directory.prompts import PromptLibrary, PromptMissing
from engine.directory.prompts.call_texts import KEEP_S, CallTexts, Wanted
from engine.directory.prompts.convert import BadSound, Made, convert
from engine.directory.prompts.speech import SpeechFailed
from engine.directory.prompts.workshop import Workshop
from engine.settings import Settings, SpeechSettings
from tests import sound
from tests.instance import wait_until

prompt: Any = TypeAdapter(Prompt).validate_python
HELLO = prompt({"text": "Здравствуйте, {caller.name}!"})


class Tones:
    """Speaks by tones, as many tenths of a second as the text has letters; `slow` takes its time."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.slow = 0.0
        self.broken = False

    def voice(self, language: str) -> str:
        return f"tones-{language}"

    def speak(self, text: str, language: str, target: Path, *, tight: bool = False) -> Made:
        self.spoken.append(text)
        time.sleep(self.slow)
        if self.broken:
            raise SpeechFailed("the voice is hoarse")
        target.parent.mkdir(parents=True, exist_ok=True)
        source = sound.tone(target.with_name(f"source-{target.name}.wav"), 440, len(text) / 10)
        try:
            return convert(source, target, tight=tight)
        finally:
            source.unlink()


@pytest.fixture
def tones() -> Tones:
    return Tones()


@pytest.fixture
def library(tmp_path: Path, tones: Tones) -> Iterator[PromptLibrary]:
    made = PromptLibrary(Settings(home=tmp_path / "home", speech=SpeechSettings(limit=20)), tones)
    yield made
    made.close()


async def greet(library: PromptLibrary, name: str, tenant: str = "romashka") -> Path:
    [uri] = await library.media(tenant, "ru", HELLO, {"caller.name": name})
    return Path(uri.removeprefix("sound:") + ".alaw")


async def test_f13_a_greeting_by_name_is_spoken_once(library: PromptLibrary, tones: Tones) -> None:
    assert library.prepare("romashka", Path("/nonexistent"), "ru", [HELLO]) == []
    assert tones.spoken == []
    first = await greet(library, "Мария")
    assert sound.seconds(first) == pytest.approx(2.0, abs=0.05)
    assert await greet(library, "Мария") == first
    assert await greet(library, "Иван") != first
    assert tones.spoken == ["Здравствуйте, Мария!", "Здравствуйте, Иван!"]


async def test_what_was_spoken_is_found_in_microseconds(library: PromptLibrary) -> None:
    await greet(library, "Мария")
    begun = time.process_time()
    for _ in range(1000):
        library.made("romashka", "ru", HELLO, {"caller.name": "Мария"})
    assert (time.process_time() - begun) / 1000 < 200e-6


async def test_only_the_sentence_with_the_variable_is_left_for_the_call(
    library: PromptLibrary, tones: Tones
) -> None:
    what = prompt({"text": "Здравствуйте, {caller.name}! Вы позвонили в Ромашку."})
    library.prepare("romashka", Path("/nonexistent"), "ru", [what])
    assert tones.spoken == ["Вы позвонили в Ромашку."]
    media = await library.media("romashka", "ru", what, {"caller.name": "Мария"})
    assert tones.spoken[1:] == ["Здравствуйте, Мария!"]
    assert [Path(uri).parent.name for uri in media] == ["_calls", "say", "romashka"]
    assert Path(media[1]).name.startswith("pause-")


async def test_many_who_want_the_same_wait_for_one(library: PromptLibrary, tones: Tones) -> None:
    tones.slow = 0.1
    found = await asyncio.gather(*(greet(library, "Мария") for _ in range(20)))
    assert len(set(found)) == 1
    assert tones.spoken == ["Здравствуйте, Мария!"]


async def test_the_event_loop_goes_on_meanwhile(library: PromptLibrary, tones: Tones) -> None:
    tones.slow = 0.3
    task, longest = asyncio.create_task(greet(library, "Мария")), 0.0
    while not task.done():
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - begun)
    assert longest < 0.1
    assert (await task).is_file()


async def test_a_text_that_takes_too_long_is_missing(tmp_path: Path, tones: Tones) -> None:
    library = PromptLibrary(Settings(home=tmp_path, speech=SpeechSettings(limit=0.5)), tones)
    tones.slow = 2.5
    begun = time.monotonic()
    with pytest.raises(PromptMissing, match=r"“Здравствуйте, Мария!” was not spoken within 0\.5 s"):
        await greet(library, "Мария")
    assert time.monotonic() - begun < 2
    library.close()


async def test_a_text_that_fails_is_missing_and_tried_again(library: PromptLibrary, tones: Tones) -> None:
    tones.broken = True
    with pytest.raises(PromptMissing, match="romashka: the voice is hoarse"):
        await greet(library, "Иван")
    tones.broken = False
    assert (await greet(library, "Иван")).is_file(), "the next call tries again"


async def test_a_flood_is_refused_at_once(library: PromptLibrary, tones: Tones) -> None:
    tones.slow = 0.05
    results = await asyncio.gather(*(greet(library, f"Имя {n}") for n in range(100)), return_exceptions=True)
    refused = [str(one) for one in results if isinstance(one, PromptMissing)]
    assert sum(isinstance(one, Path) for one in results) >= 2
    assert any("40 texts are waiting already" in one for one in refused)


async def test_who_hangs_up_leaves_it_for_the_others(library: PromptLibrary, tones: Tones) -> None:
    tones.slow = 0.2
    gone, stays = (asyncio.create_task(greet(library, "Мария")) for _ in range(2))
    await asyncio.sleep(0.05)
    gone.cancel()
    assert (await stays).is_file()
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_call_that_begins_has_its_greeting_begun(library: PromptLibrary, tones: Tones) -> None:
    known = TextPrompt(text="Добрый день. Здравствуйте, {caller.name}!")
    later = TextPrompt(text="Ваша скидка {discount} процентов.")
    library.expect("romashka", "ru", [known, later], {"caller.name": "Мария"})
    library.expect("romashka", "ru", [known, later], {"caller.name": "Мария"})
    await greet(library, "Мария")
    assert tones.spoken == ["Здравствуйте, Мария!"]


async def test_tenants_share_nothing_that_callers_are_called(library: PromptLibrary, tones: Tones) -> None:
    assert (await greet(library, "Мария")).parent != (await greet(library, "Мария", "vasilek")).parent
    assert len(tones.spoken) == 2


async def test_words_that_nobody_recorded_are_spoken_in_the_call(
    library: PromptLibrary, tones: Tones
) -> None:
    when = prompt({"say": "date", "value": "{x}"})
    media = await library.media("romashka", "ru", when, {"x": "1812-09-07"})
    assert tones.spoken == ["седьмое", "сентября", "тысяча", "восемьсот", "двенадцатого", "года"]
    assert library.made("romashka", "ru", when, {"x": "1812-09-07"}) == media


async def test_a_value_of_another_kind_is_read_as_text(library: PromptLibrary, tones: Tones) -> None:
    place = prompt({"say": "number", "value": "{x}"})
    [uri] = await library.media("romashka", "ru", place, {"x": "много <b>"})
    assert tones.spoken == ["много b"]
    assert "/_calls/" in uri
    assert await library.media("romashka", "ru", place, {}) == []


async def test_the_folder_of_a_tenant_is_bounded(tmp_path: Path, tones: Tones) -> None:
    now = 0.0
    workshop = Workshop(Settings(home=tmp_path), speech=tones)

    def cache() -> CallTexts:
        return CallTexts(workshop, 5, most_bytes=100_000, monotonic=lambda: now)

    texts, folder = cache(), tmp_path / "romashka" / "_calls"
    wanted = [Wanted(f"{n:020}", "ru", folder / f"text-{n}", bounded=True) for n in range(10)]
    for one in wanted[:2]:
        await texts.make(one)  # 48 kB each
    now = KEEP_S - 1
    assert texts.is_there(wanted[0])
    for one in wanted[2:4]:
        await texts.make(one)
    assert all(texts.is_there(one) for one in wanted[:4]), "what was played lately may still be heard"
    now += KEEP_S + 1
    assert texts.is_there(wanted[0])
    await texts.make(wanted[4])
    assert [texts.is_there(one) for one in wanted[:5]] == [True, False, False, False, True]
    again = cache()
    now += 1
    assert again.is_there(wanted[0])
    now += KEEP_S + 1
    await again.make(wanted[5])
    assert sorted(path.stem for path in folder.glob("*.wav")) == ["text-0", "text-5"]
    texts.close()
    again.close()


def test_closing_ends_a_preparation_soon(tmp_path: Path, tones: Tones) -> None:
    library = PromptLibrary(Settings(home=tmp_path), tones)
    tones.slow = 0.1
    date = prompt({"say": "date", "value": "{x}"})
    working = threading.Thread(target=library.prepare, args=("romashka", tmp_path, "ru", [date]))
    working.start()
    wait_until(lambda: bool(tones.spoken), 10, "it has begun")
    library.close()
    working.join(5)
    assert not working.is_alive()
    assert len(tones.spoken) < 20


# -- the helper processes, for real ---------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    script = tmp_path / "speak"
    script.write_text(
        '#!/bin/sh\nread text\n[ "$text" = hang ] && sleep 60\n'
        '[ "$text" = fail ] && echo hoarse >&2 && exit 3\n'
        'exec espeak-ng -v "$1" -w "$2" "$text"\n'
    )
    script.chmod(0o755)
    command = [str(script), "{language}", "{wav}"]
    return Settings(home=tmp_path, speech=SpeechSettings(engine="command", command=command))


def _children() -> list[psutil.Process]:
    """The workshop's helpers and what they run; this process may have a database server as well."""
    alive = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
    helpers = [one for one in alive if "engine.directory.prompts.helper" in " ".join(one.cmdline())]
    return [found for one in helpers for found in (one, *one.children(recursive=True))]


def test_any_program_can_be_the_voice_and_a_hanging_one_is_ended(settings: Settings, tmp_path: Path) -> None:
    with Workshop(settings) as workshop:
        assert workshop.speak("раз два", "ru", tmp_path / "said").duration_ms > 300
        assert sound.speech_like(tmp_path / "said.wav")
        [helper] = _children()
        with pytest.raises(SpeechFailed, match="hoarse"):
            workshop.speak("fail", "ru", tmp_path / "said")
        assert _children() == [helper], "a failure costs no process"
        begun = time.monotonic()
        with pytest.raises(SpeechFailed, match=r"longer than 0\.5 s"):
            workshop.speak("hang", "ru", tmp_path / "said", limit=0.5)
        assert time.monotonic() - begun < 2
        wait_until(lambda: not _children(), 5, "the helper ends with the program it had started")
        assert workshop.speak("раз", "ru", tmp_path / "again").duration_ms > 100
        with pytest.raises(BadSound, match="no sound file"):
            workshop.convert(Path(__file__), tmp_path / "text")
        [helper] = _children()
        helper.send_signal(signal.SIGKILL)
        helper.wait(5)
        with pytest.raises(SpeechFailed, match="has ended"):
            workshop.speak("раз", "ru", tmp_path / "again")
        assert workshop.speak("раз", "ru", tmp_path / "again").duration_ms > 100
    assert _children() == []
    with pytest.raises(SpeechFailed, match="shutting down"):
        workshop.speak("раз", "ru", tmp_path / "again")


def test_a_helper_ends_with_whoever_started_it(settings: Settings, tmp_path: Path) -> None:
    code = (
        "import json, sys, time\n"
        "from pathlib import Path\n"
        "from engine.settings import Settings\n"
        "from engine.directory.prompts.workshop import Workshop\n"
        "w = Workshop(Settings.model_validate(json.loads(sys.argv[1])))\n"
        "w.warm()\n"
        "print(next(iter(w._all))._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(settings.model_dump(mode="json"))],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert owner.stdout is not None
    helper = psutil.Process(int(owner.stdout.readline()))
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait(5)
    owner.stdout.close()
    psutil.wait_procs([helper], timeout=5)
    assert not helper.is_running()


@pytest.mark.parametrize(
    "speech",
    [
        {"engine": "command"},
        {"command": ["x", "{wav}"]},
        {"engine": "command", "command": ["x"]},
        {"engine": "y"},
    ],
)
def test_wrong_settings_of_speech_are_refused(speech: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"command|engine"):
        SpeechSettings.model_validate(speech)
