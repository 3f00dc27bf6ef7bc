"""The hold music that a tenant's file names: that it is there."""

from pathlib import Path

from engine.directory.findings import Finding, one_of
from engine.directory.loader import TenantFile
from engine.directory.prompts.library import SOURCE_ENDINGS


def check_music(file: TenantFile, music: Path | None) -> list[Finding]:
    """`music` holds a folder for each shared music; None leaves it unchecked. The built-in music plays
    where there is none, so it is a warning.
    """
    if file.tenant is None or not file.tenant.music or music is None:
        return []
    name = file.tenant.music
    known = [path.name for path in sorted(music.iterdir()) if path.is_dir()] if music.is_dir() else []
    if name not in known:
        message, expected = f"unknown music {name}", f"{one_of(known, name)} in {music}"
    elif not any(_is_sound(path) for path in (music / name).iterdir()):
        message, expected = f"there is no sound in {music / name}", f"one of .{', .'.join(SOURCE_ENDINGS)}"
    else:
        return []
    found = file.document.finding(("music",), message, expected, severity="warning", code="unknown-music")
    return file.document.without_allowed([found])


def _is_sound(path: Path) -> bool:
    return path.suffix.lower().removeprefix(".") in SOURCE_ENDINGS and not path.name.startswith(".")
