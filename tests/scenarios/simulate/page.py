"""The files, commands and outputs that an administrators' page shows."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from engine.cli.simulate import simulate

_BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_of(text: str, folder: Path) -> None:
    """Write every block that begins with `# PATH.yaml`."""
    for block in _BLOCK.findall(text):
        first, _, rest = block.partition("\n")
        if first.startswith("# ") and first.endswith(".yaml"):
            path = folder / first.removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{first}\n{rest}")


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    """Every `$ COMMAND` and the output shown below it."""
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def output_of(command: str, folder: Path) -> str:
    """What `vats simulate …` prints in a terminal of 100 columns, for the configuration in `folder`."""
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("vats", "simulate")
    with patch.dict(os.environ, {"COLUMNS": "100"}):
        result = CliRunner().invoke(simulate, [*arguments, "--from", str(folder)], prog_name="vats simulate")
    lines = result.output.replace(f"{folder}/", "").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)
