"""Keeps the switch's music on hold as the tenants' files are: `ivr_scenarios/TENANT/music/`, or the folder
`config/music/NAME/` that a tenant's file names; for a queue that names one
`ivr_scenarios/TENANT/music/NAME/`, else `config/music/NAME/`.

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
from engine.switch.music import music_class, queue_music_class, render_music

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
        self._missing: set[tuple[str, str, str]] = set()  # folders that are named and hold nothing
        self._loaded: str | None = None  # what the switch has read for certain
        self._made: frozenset[str] = frozenset()  # classes of that with something to hear
        self._heard: frozenset[str] | None = None  # the same of what the switch has read; None: not known

    def look(self) -> None:
        """Something may have changed."""
        self._wanted.set()

    def class_for(self, tenant: str, queue: str = "") -> str | None:
        """Fulfils `engine.calls.services.Music`. Until it is known what there is, a tenant has his music."""
        own = music_class(tenant)
        if self._heard is None:
            return own
        wanted = (queue_music_class(tenant, queue), own) if queue else (own,)
        return next((name for name in wanted if name in self._heard), None)

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
            self._heard = self._made
            return
        # What goes away is asked for no longer; what comes is heard once the switch has read it.
        self._heard = self._heard and self._heard & self._made
        await asyncio.to_thread(write_public, self._file, text)
        await self._ami.wait_connected(AMI_LIMIT_S)
        await self._ami.reload("res_musiconhold")
        self._loaded, self._heard = text, self._made
        log.info("music.set", tenants=len(directory.tenants))

    def _make(self, directory: Directory) -> str:
        """Convert what is new; the switch's file as it should be now. Blocks."""
        pieces: dict[_Stamp, Path | None] = {}
        tenants: dict[str, Sequence[Path]] = {}
        queues: dict[tuple[str, str], Sequence[Path]] = {}
        try:
            for tenant in directory.tenants.values():
                tenants[tenant.name] = self._pieces_of(tenant, "", tenant.music or "", pieces)
                for name, queue in tenant.queues.items():
                    if queue.music:
                        queues[tenant.name, name] = self._pieces_of(tenant, name, queue.music, pieces)
        finally:
            if self._workshop is not None:
                self._workshop.close()
                self._workshop = None
        self._pieces = pieces
        default = self._settings.asterisk_root / "usr/share/asterisk/moh"
        built_in = default.is_dir() and any(default.iterdir())
        self._made = frozenset(
            [
                *(music_class(name) for name, own in tenants.items() if own or built_in),
                *(queue_music_class(*key) for key, own in queues.items() if own),
            ]
        )
        return render_music(tenants, default, queues)

    def _pieces_of(
        self, tenant: Tenant, queue: str, named: str, pieces: dict[_Stamp, Path | None]
    ) -> Sequence[Path]:
        """What a tenant or his queue has; what was made of each file is noted in `pieces`."""
        stamps = list(_stamps(self._folder(tenant, queue, named)))
        self._tell_missing(tenant, queue, named, found=bool(stamps))
        for stamp in stamps:
            if stamp not in pieces:
                pieces[stamp] = self._pieces[stamp] if stamp in self._pieces else self._piece(stamp)
        return sorted({piece for stamp in stamps if (piece := pieces[stamp])})

    def _folder(self, tenant: Tenant, queue: str, named: str) -> Path:
        own = self._settings.scenarios_folder / tenant.name / "music"
        shared = self._settings.config.parent / "music" / named
        if queue:
            return own / named if (own / named).is_dir() else shared
        return shared if named else own

    def _tell_missing(self, tenant: Tenant, queue: str, named: str, *, found: bool) -> None:
        what = (tenant.name, queue, named)
        if found:
            self._missing.discard(what)
        elif named and what not in self._missing:
            self._missing.add(what)
            folder = str(self._folder(tenant, queue, named))
            log.error("music.none", tenant=tenant.name, queue=queue, folder=folder)

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
