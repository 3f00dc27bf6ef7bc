"""`vats prompt`: what a tenant's callers hear, listed and added on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import vats
from tests import sound


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("asterisk: {root: /nonexistent}\n")
    (tmp_path / "config" / "tenants" / "romashka.yaml").write_text(
        "tenant: romashka\ntitle: Ромашка\nlanguage: ru\nusers:\n  '101': {name: Анна}\n"
        "numbers:\n  '+74951234567': {scenario: main}\n"
    )
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    return tmp_path


def _run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(vats, ["prompt", *map(str, arguments)])
    return result.exit_code, result.output


def test_f13_add_list_and_find(installation: Path) -> None:
    source = sound.tone(installation / "greeting.bin", 440, 2, dbfs=-30)
    code, output = _run("add", "romashka", "welcome", source)
    assert code == 0, output
    assert "2.0 s, raised by 10.0 dB to -20 dBFS" in output
    stored = installation / "ivr_scenarios" / "romashka" / "prompts" / "welcome.wav"
    assert stored.read_bytes() == source.read_bytes()
    code, output = _run("list", "romashka", "--json")
    rows = {row["name"]: row for row in map(json.loads, output.splitlines())}
    assert rows["welcome"] == {"name": "welcome", "seconds": 2.0, "source": "welcome.wav", "problem": ""}
    assert rows["goodbye"]["source"] == "built-in, ru"
    assert rows["goodbye"]["seconds"] > 1
    code, output = _run("play", "romashka", "welcome", "--path")
    assert sound.dominant(Path(output.strip())) == pytest.approx(440, abs=1)


def test_what_is_wrong_is_said(installation: Path) -> None:
    broken = installation / "letter.mp3"
    broken.write_text("no sound")
    code, output = _run("add", "romashka", "welcome", broken)
    assert code == 1
    assert str(broken) in output
    assert not (installation / "ivr_scenarios").exists()
    code, output = _run("add", "nobody", "welcome", broken)
    assert (code, "no such tenant" in output) == (1, True)
    code, output = _run("add", "romashka", "../welcome", broken)
    assert (code, "no prompt name" in output) == (2, True)
