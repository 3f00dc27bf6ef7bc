"""`vats draw`: files, configured scenarios, all of them; errors and exit codes (F43)."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.draw import draw
from tests.scenarios.draw.seen import Seen
from tests.scenarios.draw.test_picture import TENANT

RIGHT = "scenario: main\nstart: hello\nsteps:\n  hello: {type: hangup, prompt: goodbye}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("cell: test1\n")
    (tmp_path / "config" / "tenants" / "acme.yaml").write_text(TENANT)
    (tmp_path / "ivr_scenarios" / "acme").mkdir(parents=True)
    (tmp_path / "ivr_scenarios" / "acme" / "main.yaml").write_text(RIGHT)
    (tmp_path / "ivr_scenarios" / "acme" / "other.yaml").write_text(RIGHT.replace("main", "other"))
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(draw, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_a_configured_scenario_goes_to_a_file_of_its_name(folder: Path) -> None:
    assert run("acme/main") == (0, "main.svg\n", "")
    assert "Анна Иванова" not in (folder / "main.svg").read_text()
    assert "8\u00a0(495)\u00a0123\u201145\u201167 · Офис" in Seen((folder / "main.svg").read_text()).texts()


def test_a_file_goes_where_it_is_asked_for(folder: Path) -> None:
    code, said, _ = run("ivr_scenarios/acme/main.yaml", "-o", "-", "--language", "en")
    assert code == 0
    assert "End of the call" in Seen(said).texts()
    assert run("ivr_scenarios/acme/main.yaml", "-o", "deep/er/a.svg")[:2] == (0, "deep/er/a.svg\n")


def test_a_file_is_drawn_where_nothing_is_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VATS_CONFIG", str(folder / "none.yaml"))
    alone = folder / "alone.yaml"
    alone.write_text(RIGHT.replace("main", "alone"))
    assert run(str(alone))[:2] == (0, "alone.svg\n")


def test_all_of_them(folder: Path) -> None:
    assert run("--all", "pictures") == (0, "pictures/acme/main.svg\npictures/acme/other.svg\n", "")
    assert run("acme", "--all", "pictures")[0] == 0
    Seen((folder / "pictures" / "acme" / "other.svg").read_text())


def test_errors_are_told_and_what_is_understood_is_drawn(folder: Path) -> None:
    wrong = folder / "ivr_scenarios" / "acme" / "main.yaml"
    wrong.write_text("scenario: main\nstart: hello\nsteps:\n  hello: {type: ring, group: managres}\n")
    code, said, errors = run("acme/main")
    assert (code, said) == (1, "main.svg\n")
    assert errors.startswith(f"{wrong}:4: unknown group managres")
    assert "hello" in Seen((folder / "main.svg").read_text()).cards


def test_a_warning_is_no_error(folder: Path) -> None:
    (folder / "ivr_scenarios" / "acme" / "main.yaml").write_text(RIGHT + "  alone: {type: hangup}\n")
    assert run("acme/main") == (0, "main.svg\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which scenario?"),
        (["acme/nothing"], "there is acme/main, acme/other"),
        (["acme"], "neither TENANT/SCENARIO nor a file"),
        (["missing.yaml"], "missing.yaml: there is no such file"),
        (["nobody", "--all", "x"], "there is no tenant nobody; there is acme"),
        (["--all", "x", "-o", "y.svg"], "give one of them"),
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str], said: str) -> None:
    code, _, errors = run(*arguments)
    assert code == 2
    assert said in errors


def test_no_graphviz_is_a_message(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    code, _, errors = run("acme/main")
    assert code == 1
    assert "apt-get install graphviz" in errors


def test_what_cannot_be_written_is_a_message(folder: Path) -> None:
    (folder / "taken").write_text("")
    code, _, errors = run("acme/main", "-o", "taken/main.svg")
    assert code == 1
    assert "taken/main.svg: cannot be written" in errors
