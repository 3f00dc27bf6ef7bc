"""Plays a WAV file on this machine's loudspeaker."""

import shutil
import subprocess
from pathlib import Path

import click


def play_sound(wav: Path, where: str) -> None:
    """Returns when it has been heard. `where` says, for one who cannot hear it, where else it is to be had.

    Raises `click.ClickException`.
    """
    player = shutil.which("ffplay")
    if player is None:
        raise click.ClickException(f"no player here (ffplay, of the package ffmpeg); {where}")
    command = [player, "-v", "error", "-nodisp", "-autoexit", str(wav)]
    played = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    # Without a loudspeaker it says so and ends well.
    if played.returncode or "Failed to open" in played.stderr:
        raise click.ClickException(f"it could not be played on this machine; {where}")
