"""docs/administrators/simulating.md shows what the program says."""

from pathlib import Path

from tests.scenarios.simulate.page import commands_of, files_of, output_of

PAGE = Path(__file__).parents[3] / "docs" / "administrators" / "simulating.md"


def test_f43_the_page_shows_what_the_command_prints(tmp_path: Path) -> None:
    text = PAGE.read_text()
    files_of(text, tmp_path)
    shown = list(commands_of(text))
    assert len(shown) >= 4
    for command, output in shown:
        assert output == output_of(command, tmp_path), command
