"""`vats prompt`: what a tenant's callers hear, listed, added and played on the command line (F13)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import vats
from tests import sound

SCENARIO = """\
scenario: main
start: hello
steps:
  hello: {type: play, prompt: [welcome, {text: "Добрый день"}, {text: "Вы — {caller.name}."}], next: place}
  place: {type: say, say: number, value: 21, unit: minutes, next: bye}
  bye: {type: hangup, prompt: [nowhere, welcome]}
"""


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("speech: {engine: espeak}\n")
    (tmp_path / "config" / "tenants" / "romashka.yaml").write_text(
        "tenant: romashka\ntitle: Ромашка\nlanguage: ru\nusers:\n  '101': {name: Анна}\n"
        "numbers:\n  '+74951234567': {scenario: main}\n"
    )
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    return tmp_path


def _run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(vats, ["prompt", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def _rows(*arguments: str) -> dict[str, dict[str, Any]]:
    output = _run("list", "romashka", "--json", *arguments)[1]
    return {row["name"]: row for row in map(json.loads, output.splitlines())}


def test_f13_add_list_and_find(installation: Path) -> None:
    source = sound.tone(installation / "greeting.bin", 440, 2, dbfs=-30)
    code, output = _run("add", "romashka", "welcome", source)
    assert code == 0, output
    assert "2.0 s, raised by 10.0 dB to -20 dBFS" in output
    stored = installation / "ivr_scenarios" / "romashka" / "prompts" / "welcome.wav"
    assert stored.read_bytes() == source.read_bytes()
    rows = _rows()
    assert rows["welcome"] == {
        "name": "welcome",
        "kind": "recording",
        "seconds": 2.0,
        "source": "welcome.wav",
        "used_by": [],
        "problem": "",
    }
    assert (rows["goodbye"]["kind"], rows["goodbye"]["source"]) == ("built-in", "ru")
    assert rows["goodbye"]["seconds"] > 1
    code, output = _run("play", "romashka", "welcome", "--path")
    assert sound.dominant(Path(output.strip())) == pytest.approx(440, abs=1)


def test_f13_where_each_is_used_and_what_is_wrong(installation: Path) -> None:
    folder = installation / "ivr_scenarios" / "romashka"
    (folder / "prompts" / "say" / "ru").mkdir(parents=True)
    (folder / "main.yaml").write_text(SCENARIO)
    for name in ("welcome", "forgotten", "say/ru/21", "say/ru/20", "double"):
        sound.tone(folder / "prompts" / f"{name}.wav", 440, 1)
    sound.tone(folder / "prompts" / "double.mp3", 440, 1)
    (folder / "prompts" / "letter.ogg").write_text("no sound")
    rows = _rows()
    assert rows["welcome"]["used_by"] == ["main/hello", "main/bye"]
    assert rows["nowhere"]["kind"] == "missing"
    assert str(folder / "prompts" / "nowhere.wav") in rows["nowhere"]["problem"]
    assert rows["Добрый день"]["seconds"] > 0.3
    spoken = rows["Вы — {caller.name}."]
    assert (spoken["kind"], spoken["seconds"], spoken["source"]) == ("text", None, "in the call")
    value = rows["number: 21 minutes"]
    assert (value["kind"], value["source"], value["used_by"]) == (
        "value",
        "двадцать одна минута",
        ["main/place"],
    )
    assert set(_rows("--unused")) == {"forgotten", "double", "letter", "say/ru/21"}
    problems = _rows("--problems")
    assert set(problems) == {"nowhere", "double", "letter", "say/ru/21"}
    assert "`say` has no word of that name" in problems["say/ru/21"]["problem"]
    assert "has the same name" in problems["double"]["problem"]
    assert "no sound file" in problems["letter"]["problem"]
    assert _run("list", "romashka", "--problems")[0] == 1
    code, output = _run("list", "romashka")
    assert code == 0
    assert "main/hello" in output.replace("\n", "")


def test_f13_a_text_is_kept_as_a_recording(installation: Path) -> None:
    code, output = _run("add", "romashka", "closed", "--text", "Мы закрыты.")
    assert code == 0, output
    stored = installation / "ivr_scenarios" / "romashka" / "prompts" / "closed.wav"
    assert sound.speech_like(stored)
    assert _rows()["closed"]["kind"] == "recording"
    code, output = _run("add", "romashka", "closed", "--text", "…")
    assert (code, "silence" in output or "no sound" in output) == (1, True)
    assert sound.speech_like(stored), "what was there stays"


@pytest.mark.parametrize("ending", ["wav", "mp3", "ogg", "m4a", "flac"])
def test_f13_a_new_recording_of_another_format_replaces_the_old_one(installation: Path, ending: str) -> None:
    assert _run("add", "romashka", "menu/sales", sound.tone(installation / "a.wav", 440, 1))[0] == 0
    other = installation / f"b.{ending}"
    tone = sound.tone(installation / "b-source.wav", 700, 1)
    subprocess.run(["ffmpeg", "-v", "error", "-i", tone, other], check=True)
    code, output = _run("add", "romashka", "menu/sales", other)
    assert code == 0, output
    folder = installation / "ivr_scenarios" / "romashka" / "prompts" / "menu"
    assert [path.name for path in folder.iterdir()] == [f"sales.{ending}"]
    heard = Path(_run("play", "romashka", "menu/sales", "--path")[1].strip())
    assert sound.dominant(heard) == pytest.approx(700, abs=2)


def test_a_value_is_heard_as_in_a_call(installation: Path) -> None:
    said = installation / "said.wav"
    code, output = _run("play", "romashka", "--say", "number", "21", "--unit", "minutes", "--to", said)
    assert code == 0, output
    words = installation / "var" / "prompts" / "_builtin" / "ru" / "say"
    parts = [next(words.glob(f"{name}-????????.wav")) for name in ("20", "1-feminine", "minute-one", "pause")]
    assert sound.seconds(said) == pytest.approx(sum(map(sound.seconds, parts)), abs=0.01)
    assert f"{sound.seconds(said):.1f} s" in output
    code, output = _run("play", "romashka", "--say", "number", "много", "--to", said)
    assert (code, "“много” is no number: it is read as text" in output) == (0, True)
    assert sound.speech_like(said)
    code, _ = _run("play", "romashka", "--text", "Hello there", "--language", "en", "--to", said)
    assert (code, sound.speech_like(said)) == (0, True)


def test_what_is_wrong_is_said(installation: Path) -> None:
    broken = installation / "letter.mp3"
    broken.write_text("no sound")
    code, output = _run("add", "romashka", "welcome", broken)
    assert code == 1
    assert str(broken) in output
    assert not (installation / "ivr_scenarios").exists()
    for wrong in ("nobody", "../romashka", "/etc"):
        code, output = _run("add", wrong, "welcome", broken)
        assert (code, "no such tenant" in output) == (1, True)
    for wrong in ("../welcome", "/etc/welcome", "a/../../welcome", ".hidden", "a//b", ""):
        code, output = _run("add", "romashka", wrong, broken)
        assert (code, "no prompt name" in output) == (2, True), wrong
        assert _run("play", "romashka", wrong)[0] == 2
    for usage in (
        ["play", "romashka"],
        ["play", "romashka", "welcome", "--text", "x"],
        ["play", "romashka", "--say", "poem", "x"],
        ["play", "romashka", "--say", "money", "1", "--unit", "minutes"],
        ["add", "romashka", "welcome"],
        ["add", "romashka", "welcome", str(broken), "--text", "x"],
    ):
        assert _run(*usage)[0] == 2, usage
    code, output = _run("play", "romashka", "nowhere")
    assert (code, "no built-in prompt has that name" in output) == (1, True)
    code, output = _run("play", "romashka", "goodbye", "--to", installation / "no" / "such" / "folder.wav")
    assert (code, "No such file" in output) == (1, True)


def test_help_shows_how() -> None:
    for command in ([], ["add"], ["list"], ["play"]):
        code, output = _run(*command, "--help")
        assert code == 0
    assert "--say KIND VALUE" in output
