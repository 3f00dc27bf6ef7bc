"""Prompts are ready before the call: own, built-in and spoken ones; made again only when they change."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.directory.prompt_model import Prompt
from engine.directory.prompts import PromptLibrary, PromptMissing, builtin
from engine.directory.prompts.convert import Made
from engine.directory.prompts.speech import OfflineSpeech, SpeechFailed
from engine.settings import Settings
from tests import sound
from tests.instance import asterisk_root, wait_until

prompt: Any = TypeAdapter(Prompt).validate_python


class CountingSpeech(OfflineSpeech):
    """espeak-ng, and how often it spoke."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))
        self.spoken: list[tuple[str, str]] = []

    def speak(self, text: str, language: str, target: Path, *, tight: bool = False) -> Made:
        self.spoken.append((language, text))
        return super().speak(text, language, target, tight=tight)


@pytest.fixture
def speech() -> CountingSpeech:
    return CountingSpeech()


@pytest.fixture
def library(tmp_path: Path, speech: CountingSpeech) -> PromptLibrary:
    return PromptLibrary(Settings(home=tmp_path / "home"), speech)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "romashka"
    (made / "prompts").mkdir(parents=True)
    return made


def _file(uri: str) -> Path:
    assert uri.startswith("sound:/")
    return Path(uri.removeprefix("sound:") + ".alaw")


def _media(library: PromptLibrary, what: Any, language: str = "ru", **variables: Any) -> list[str]:
    return library.made("romashka", language, prompt(what), variables)


def test_f13_own_recording_goes_before_the_built_in_one(library: PromptLibrary, folder: Path) -> None:
    assert library.prepare("romashka", folder, "ru", [prompt("goodbye")]) == []
    spoken = _file(_media(library, "goodbye")[0])
    assert sound.speech_like(spoken)
    sound.tone(folder / "prompts" / "goodbye.wav", 440, 1)
    assert library.prepare("romashka", folder, "ru", [prompt("goodbye")]) == []
    own = _file(_media(library, "goodbye")[0])
    assert sound.dominant(own) == pytest.approx(440, abs=2)
    (folder / "prompts" / "goodbye.wav").unlink()
    assert library.prepare("romashka", folder, "ru", [prompt("goodbye")]) == []
    assert _file(_media(library, "goodbye")[0]) == spoken
    assert not own.exists()


def test_made_again_only_when_the_content_changes(library: PromptLibrary, folder: Path) -> None:
    source = sound.tone(folder / "prompts" / "welcome.wav", 440, 1)
    library.prepare("romashka", folder, "ru", [prompt("welcome")])
    made = _file(_media(library, "welcome")[0])
    first = made.stat().st_ino
    os.utime(source, (0, 0))
    library.prepare("romashka", folder, "ru", [prompt("welcome")])
    assert made.stat().st_ino == first
    sound.tone(source, 600, 1)
    library.prepare("romashka", folder, "ru", [prompt("welcome")])
    assert made.stat().st_ino != first
    assert sound.dominant(made) == pytest.approx(600, abs=2)


def test_a_broken_file_is_named_and_the_earlier_one_still_plays(library: PromptLibrary, folder: Path) -> None:
    source = sound.tone(folder / "prompts" / "welcome.wav", 440, 1)
    library.prepare("romashka", folder, "ru", [prompt("welcome")])
    source.write_bytes(b"broken")
    problems = library.prepare("romashka", folder, "ru", [prompt(["welcome", "goodbye"])])
    assert [problem.prompt for problem in problems] == ["welcome"]
    assert str(source) in problems[0].message
    assert sound.dominant(_file(_media(library, "welcome")[0])) == pytest.approx(440, abs=2)
    assert _media(library, "goodbye")


async def test_missing_and_ambiguous_prompts_are_problems(library: PromptLibrary, folder: Path) -> None:
    sound.tone(folder / "prompts" / "two.wav", 440, 1)
    shutil.copy(folder / "prompts" / "two.wav", folder / "prompts" / "two.mp3")
    orders = {"say": "number", "value": "{x}", "noun": ["order", "orders"]}
    wrong = ["nowhere", "two", {"say": "money", "value": "much"}, orders]
    problems = library.prepare("romashka", folder, "ru", [prompt(each) for each in wrong])
    assert [problem.prompt for problem in problems] == [prompt(each) for each in wrong]
    missing, several, money, noun = (problem.message for problem in problems)
    assert str(folder / "prompts" / "nowhere.wav") in missing
    assert "two.mp3" in several
    assert "“much” is no sum in roubles" in money
    assert "one: минута" in noun
    for each in wrong[:3]:
        with pytest.raises(PromptMissing):
            await library.media("romashka", "ru", prompt(each), {})


def test_texts_are_spoken_once_for_each_language(
    library: PromptLibrary, folder: Path, speech: CountingSpeech
) -> None:
    what = prompt([{"text": "Отдел продаж"}, {"text": "Отдел продаж"}, {"say": "number", "value": 5}])
    for _ in range(2):
        assert library.prepare("romashka", folder, "ru", [what, what]) == []
    assert sorted(speech.spoken) == [("ru", "Отдел продаж"), ("ru", "пять")]
    assert library.prepare("romashka", folder, "en", [prompt({"text": "Sales"})]) == []
    assert sound.speech_like(_file(_media(library, {"text": "Sales"}, "en")[0]))


def test_media_of_a_list_in_order_and_in_microseconds(library: PromptLibrary, folder: Path) -> None:
    what = ["goodbye", {"text": "Ваш номер"}, {"say": "digits", "value": "{caller.number}"}]
    library.prepare("romashka", folder, "ru", [prompt(what)])
    media = library.made("romashka", "ru", prompt(what), {"caller.number": "+7903"})
    assert [_file(uri).name.split("-")[0] for uri in media] == ["text", "text", "7", "9", "0", "3", "pause"]
    asked, begun = prompt(what), time.process_time()
    for _ in range(1000):
        library.made("romashka", "ru", asked, {"caller.number": "+7903"})
    assert (time.process_time() - begun) / 1000 < 100e-6


def test_another_process_finds_what_was_made(
    library: PromptLibrary, folder: Path, tmp_path: Path, speech: CountingSpeech
) -> None:
    sound.tone(folder / "prompts" / "welcome.wav", 440, 1)
    what = ["welcome", "goodbye", {"text": "Ваш номер"}]
    library.prepare("romashka", folder, "ru", [prompt(what)])
    other = PromptLibrary(Settings(home=tmp_path / "home"), speech)
    assert _media(other, what) == _media(library, what)


def test_tenants_do_not_hear_one_another(library: PromptLibrary, folder: Path) -> None:
    sound.tone(folder / "prompts" / "welcome-us.wav", 440, 1)
    library.prepare("romashka", folder, "ru", [prompt("welcome-us")])
    with pytest.raises(PromptMissing):
        library.made("vasilek", "ru", "welcome-us", {})


def test_every_built_in_prompt_is_in_both_languages() -> None:
    assert builtin.TEXTS["ru"].keys() == builtin.TEXTS["en"].keys()
    assert {"goodbye", "wrong-key", "unavailable", "technical-error"} <= builtin.TEXTS["ru"].keys()
    assert builtin.text("de", "goodbye") == ("en", builtin.TEXTS["en"]["goodbye"])


@pytest.mark.parametrize(
    "text", ["Отдел продаж — один, бухгалтерия — два.", "Строка\nи другая; $(id) `id` -h"]
)
def test_rhvoice_speaks_russian_from_the_switchs_root_folder(tmp_path: Path, text: str) -> None:
    speech = OfflineSpeech(asterisk_root())
    assert speech.voice("ru") == "rhvoice-anna", "RHVoice belongs to the set-up (scripts/up)"
    made = speech.speak(text, "ru", tmp_path / "said")
    assert 1_500 < made.duration_ms < 8_000
    assert sound.seconds(tmp_path / "said.wav") == pytest.approx(made.duration_ms / 1000, abs=0.01)
    assert sound.speech_like(tmp_path / "said.alaw")
    # Others may be speaking just now, from the same root folder.
    left = list((asterisk_root() / "tmp").glob("speech-*"))
    wait_until(lambda: not any(folder.exists() for folder in left), 20, "what was left in it is gone")


def test_a_text_without_a_word_is_a_problem(library: PromptLibrary, folder: Path) -> None:
    [problem] = library.prepare("romashka", folder, "ru", [prompt({"text": " … "})])
    assert "silence" in problem.message or "no sound" in problem.message


def test_no_engine_at_all_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpeechFailed, match="install espeak-ng"):
        OfflineSpeech(tmp_path).speak("Здравствуйте", "ru", tmp_path / "said")
