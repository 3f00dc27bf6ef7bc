"""Keeps the switch's music on hold as the tenants' files are: `ivr_scenarios/TENANT/music/`, or the folder
`config/music/NAME/` that a tenant's file names.

Pieces are made as prompts are (A-law and wav, one loudness) and lie in `VATS_HOME/music`, named by their
content: a piece that plays stays as it is when its file is replaced. A file that is no sound is left out, and
the log says so.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import structlog

from engine.directory.directory import Directory, Tenant
from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.own import SOURCE_ENDINGS, digest_of
from engine.directory.prompts.places import is_made
from engine.directory.prompts.speech import SpeechFailed
from engine.directory.prompts.workshop import Workshop
from engine.provisioning import write_public
from engine.settings import Settings
from engine.switch.ami import Ami
from engine.switch.errors import SwitchError
from engine.switch.music import render_music

# How often the folders are looked into: music is in no hurry.
LOOK_S = 3.0
AMI_LIMIT_S = 5.0
_Stamp = tuple[Path, int, int]  # file, size, time of its last change

log = structlog.get_logger(__name__)


class HoldMusic:
    """`run` does it, until cancelled; `look` when the tenants have changed. `directory` has the live ones."""

    def __init__(self, settings: Settings, ami: Ami, directory: Callable[[], Directory]) -> None:
        self._settings = settings
        self._ami = ami
        self._directory = directory
        self._file = settings.run_folder / "music.conf"
        self._wanted = asyncio.Event()
        self._pieces: dict[_Stamp, Path | None] = {}  # what was made of each file; None: it is no sound
        self._workshop: Workshop | None = None
        self._missing: set[tuple[str, str]] = set()  # folders that tenants name and that hold nothing
        self._loaded: str | None = None  # what the switch has read for certain

    def look(self) -> None:
        """Something may have changed."""
        self._wanted.set()

    async def run(self) -> None:
        """Look every few seconds; what goes wrong is logged, and tried again."""
        try:
            while True:
                try:
                    await self._bring_up_to_date()
                except (SwitchError, OSError) as error:
                    log.warning("music.not_set", cause=str(error))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._wanted.wait()
                self._wanted.clear()
        finally:
            if self._workshop is not None:
                self._workshop.close()

    async def _bring_up_to_date(self) -> None:
        directory = self._directory()
        # Without a tenant nothing was read yet.
        if not directory.tenants:
            return
        text = await asyncio.to_thread(self._make, directory)
        if text == self._loaded:
            return
        await asyncio.to_thread(write_public, self._file, text)
        await self._ami.wait_connected(AMI_LIMIT_S)
        await self._ami.reload("res_musiconhold")
        self._loaded = text
        log.info("music.set", tenants=len(directory.tenants))

    def _make(self, directory: Directory) -> str:
        """Convert what is new; the switch's file as it should be now. Blocks."""
        pieces: dict[_Stamp, Path | None] = {}
        tenants: dict[str, Sequence[Path]] = {}
        try:
            for tenant in directory.tenants.values():
                stamps = list(_stamps(self._folder(tenant)))
                self._tell_missing(tenant, found=bool(stamps))
                for stamp in stamps:
                    if stamp not in pieces:
                        pieces[stamp] = self._pieces[stamp] if stamp in self._pieces else self._piece(stamp)
                tenants[tenant.name] = sorted({piece for stamp in stamps if (piece := pieces[stamp])})
        finally:
            if self._workshop is not None:
                self._workshop.close()
                self._workshop = None
        self._pieces = pieces
        return render_music(tenants, self._settings.asterisk_root / "usr/share/asterisk/moh")

    def _folder(self, tenant: Tenant) -> Path:
        if tenant.music:
            return self._settings.config.parent / "music" / tenant.music
        return self._settings.scenarios_folder / tenant.name / "music"

    def _tell_missing(self, tenant: Tenant, *, found: bool) -> None:
        named = (tenant.name, tenant.music)
        if found:
            self._missing.discard(named)
        elif tenant.music and named not in self._missing:
            self._missing.add(named)
            log.error("music.none", tenant=tenant.name, folder=str(self._folder(tenant)))

    def _piece(self, stamp: _Stamp) -> Path | None:
        source = stamp[0]
        try:
            target = (self._settings.home / "music" / digest_of(source)[:24]).resolve()
            if not is_made(target):
                self._workshop = self._workshop or Workshop(self._settings, at_once=1)
                made = self._workshop.convert(source, target)
                log.info("music.made", source=str(source), seconds=made.duration_ms / 1000)
        except (BadSound, SpeechFailed, OSError) as error:
            log.error("music.left_out", source=str(source), cause=str(error))
            return None
        return target


def _stamps(folder: Path) -> Iterator[_Stamp]:
    """The sound files of a folder, by their names' endings; none where there is no such folder."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower().removeprefix(".") in SOURCE_ENDINGS and not path.name.startswith("."):
                status = path.stat()
                yield path, status.st_size, status.st_mtime_ns
