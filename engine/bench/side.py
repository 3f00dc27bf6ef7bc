"""What both sides have in common: an instance of its own in a folder of its own, started and ended here."""

import asyncio
import os
import sqlite3
import wave
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine import secrets
from engine.bench.menus import MENU_KEYS, MENU_PROMPT_MS, MENU_TONES, menu_prompt
from engine.bench.processor import cpu_ms
from engine.demo.packets import Tone, linear_tone
from engine.directory.prompts.library import PromptLibrary
from engine.settings import Ports, Settings, load_settings

TENANT = "bench"
NUMBER = "+74950000000"
KEY = "1"
QUEUE = "bench"
OPERATORS = 40
QUEUE_OPERATORS = 20
FIRST_OPERATOR = 201  # extensions from 101 on would come upon 112, an emergency number
PROMPT, PROMPT_MS = "menu", 3000
GREETING, GREETING_MS = "greeting", 200

Tell = Callable[[str], None]
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
)


class BenchError(Exception):
    """The bench cannot run, or a side broke down; the message says what and where."""


@dataclass(frozen=True)
class Operator:
    extension: str
    account: str  # SIP user name
    password: str
    name: str


@dataclass(frozen=True)
class Addresses:
    """Ports of one side: its instance's own, and those of the callers and operators who call it."""

    ports: Ports
    callers: int
    operators: int


class Side(ABC):
    """One side. `async with side:` starts it and ends it; its files go with the bench's folder."""

    name = ""
    title = ""
    # Whether the switch plays what an ARI application asks for, and so tells when it began.
    tells_steps = False

    def __init__(self, folder: Path, root: Path, addresses: Addresses, tell: Tell) -> None:
        self.folder = folder
        self.addresses = addresses
        self.tell = tell
        config = folder / "config"
        config.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "VATS_HOME": str(folder / "var"),
            "VATS_CONFIG": str(config / "vats.yaml"),
            "VATS_DATABASE_URL": "",
            "VATS_ASTERISK_ROOT": str(root),
        }
        self._write(
            config / "vats.yaml",
            "settings.yaml.j2",
            cell=self.name, ports=addresses.ports, root=root, caller_port=addresses.callers,
        )  # fmt: skip
        self.settings: Settings = load_settings(self.environment)
        self.settings.home.mkdir()
        secrets.make_all(self.settings)
        self.operators = [self._operator(str(FIRST_OPERATOR + index)) for index in range(OPERATORS)]
        self.scenarios = config / "scenarios" / TENANT
        _write_prompt(self.scenarios / "prompts" / f"{PROMPT}.wav", Tone(440, PROMPT_MS))
        _write_prompt(self.scenarios / "prompts" / f"{GREETING}.wav", Tone(440, GREETING_MS))
        for index, hz in enumerate(MENU_TONES):
            sound = Tone(hz, MENU_PROMPT_MS)
            _write_prompt(self.scenarios / "prompts" / f"{menu_prompt(index)}.wav", sound)

    def prompt_files(self) -> list[Path]:
        """The menus' prompts as the switch plays them, once the side runs."""
        library = PromptLibrary(self.settings)
        return [
            Path(library.made(TENANT, "ru", menu_prompt(index), {})[0].removeprefix("sound:") + ".alaw")
            for index in range(len(MENU_TONES))
        ]

    def menus(self) -> list[dict[str, str]]:
        """Each menu's prompt and the key that leads to the next one, for templates."""
        return [{"prompt": menu_prompt(index), "key": key} for index, key in enumerate([*MENU_KEYS, ""])]

    @property
    def pair(self) -> list[Operator]:
        """Those two whose telephones ring together."""
        return self.operators[:2]

    @property
    def queue_operators(self) -> list[Operator]:
        """Those who serve the queue of an evening."""
        return self.operators[:QUEUE_OPERATORS]

    def _operator(self, extension: str) -> Operator:
        account = f"{TENANT}-{extension}-desk"
        password = secrets.secret(self.settings, f"sip-{account}")
        return Operator(extension, account, password, f"Operator {extension}")

    def _write(self, path: Path, template: str, **values: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_templates.get_template(template).render(values))

    @abstractmethod
    async def __aenter__(self) -> "Side": ...

    @abstractmethod
    async def __aexit__(self, *_: object) -> None: ...

    @abstractmethod
    def pids(self) -> Mapping[str, list[int]]:
        """Process ids by the group that their CPU time is counted in."""

    def cpu_ms(self) -> dict[str, float]:
        """CPU milliseconds so far, by group. Raises `BenchError` when a process has ended."""
        total = {}
        for group, pids in self.pids().items():
            try:
                total[group] = sum(cpu_ms(pid) for pid in pids)
            except OSError as error:
                raise BenchError(f"{self.title}: a process of {group} has ended: {error}") from error
        return total

    @abstractmethod
    def records(self) -> dict[str, Path | None]:
        """By the caller's number, the recording that the database names (None: none yet)."""

    async def settled(self, callers: set[str], timeout: float) -> None:
        """Wait until all these callers have their record and recording, `timeout` seconds at most."""
        end = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < end:
            known = self.records()
            if all(known.get(caller) for caller in callers):
                return
            await asyncio.sleep(0.5)

    def select(self, database: Path, statement: str) -> list[tuple[str, str | None]]:
        """Rows of a SQLite file that another process writes; none while it has no such table."""
        try:
            connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)
        except sqlite3.Error:
            return []
        try:
            return list(connection.execute(statement))
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()


def _write_prompt(path: Path, tone: Tone) -> None:
    """A tone, so that no speech engine is needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(linear_tone(tone))
