"""The plain side: Asterisk alone, with `Read`, `Queue`, `MixMonitor` and its call records in SQLite."""

import asyncio
import contextlib
import ctypes
import signal
from collections.abc import Mapping
from pathlib import Path

from engine.bench.answers import ANSWERS_NUMBER
from engine.bench.menus import MENU_NUMBER
from engine.bench.queueing.plan import QUEUE_NUMBER
from engine.bench.results import ASTERISK
from engine.bench.side import GREETING, KEY, PROMPT, QUEUE, TENANT, BenchError, Side
from engine.directory.prompts.library import PromptLibrary
from engine.switch.configuration import asterisk_user, command, give_to_asterisk, render
from engine.switch.trunks import endpoint_fields

_OWN_FILES = ("extensions.conf", "queues.conf", "cdr.conf", "cel.conf", "cdr_sqlite3_custom.conf")
_BOOT_LIMIT_S = 30.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class PlainSide(Side):
    name = "plain"
    title = "plain dialplan"

    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "PlainSide":
        library = PromptLibrary(self.settings)
        menus = self.menus()
        prompts = [PROMPT, GREETING, *(menu["prompt"] for menu in menus)]
        if problems := library.prepare(TENANT, self.scenarios, "ru", prompts):
            raise BenchError(f"the prompt cannot be made: {problems[0].message}")
        prompt, greeting = (
            library.made(TENANT, "ru", name, {})[0].removeprefix("sound:") for name in (PROMPT, GREETING)
        )
        for menu, path in zip(menus, self.prompt_files(), strict=True):
            menu["prompt"] = str(path.with_suffix(""))
        render(self.settings, also_load=["app_queue", "cdr_sqlite3_custom"])
        etc = self.settings.asterisk_home / "etc"
        values = {
            "prompt": prompt, "key": KEY, "menu_number": MENU_NUMBER, "menus": menus,
            "queue": QUEUE, "operators": self.operators,
            "queue_number": QUEUE_NUMBER, "queue_operators": self.queue_operators,
            "answers_number": ANSWERS_NUMBER, "greeting": greeting, "pair": self.pair,
            "qualify": self.settings.asterisk.qualify, "endpoint_fields": endpoint_fields(self.settings),
        }  # fmt: skip
        for name in _OWN_FILES:
            self._write(etc / name, f"{name}.j2", **values)
        self._write(etc / "operators.conf", "operators.conf.j2", **values)
        with (etc / "pjsip.conf").open("a") as file:
            file.write("\n#include operators.conf\n")
        give_to_asterisk(self.settings)
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _start(self) -> None:
        user = asterisk_user(self.settings)
        with (self.folder / "asterisk.out").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command(self.settings, "-f", "-n"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
                preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        end = asyncio.get_running_loop().time() + _BOOT_LIMIT_S
        while "fully booted" not in await self._console("core waitfullybooted"):
            if self._process.returncode is not None or asyncio.get_running_loop().time() > end:
                told = (self.folder / "asterisk.out").read_text(errors="replace")[-1000:]
                raise BenchError(f"Asterisk of the plain side does not come up:\n{told}")
            await asyncio.sleep(0.1)

    async def _console(self, line: str) -> str:
        user = asterisk_user(self.settings)
        process = await asyncio.create_subprocess_exec(
            *command(self.settings, "-rx", line),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        return (await process.communicate())[0].decode(errors="replace")

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def pids(self) -> Mapping[str, list[int]]:
        if self._process is None or self._process.returncode is not None:
            raise BenchError(f"Asterisk of the plain side has ended; see {self.folder}")
        return {ASTERISK: [self._process.pid]}

    def records(self) -> dict[str, Path | None]:
        rows = self.select(
            self.settings.asterisk_home / "log" / "master.db", "SELECT src, uniqueid FROM cdr WHERE src != ''"
        )
        files = self.settings.raw_recordings_folder
        return {caller: files / f"{uniqueid}.wav" for caller, uniqueid in rows}
