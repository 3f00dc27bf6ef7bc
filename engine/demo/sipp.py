"""Runs SIPp: bounded in time, ended cleanly, its statistics read."""

import asyncio
import contextlib
import csv
import math
import signal
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from .scenario import Callee, Register, Scenario

_OVER = ("ended", "refused", "cancelled")
_REGISTRATIONS_A_SECOND = 100.0
_REGISTERED_WITHIN_S = 20.0


class SippError(Exception):
    """SIPp is missing, did not start, or ran over its time."""


@dataclass(frozen=True)
class LogLine:
    """Something that happened in a call: invite, ringing, answered, ended, …; `at_ms` is UTC milliseconds."""

    event: str
    call_id: str
    at_ms: float
    detail: str


@dataclass(frozen=True)
class SippResult:
    """`response_ms["answer"]`: INVITE to 200 of each answered call, or to the expected refusal."""

    exit_code: int
    created: int
    successful: int
    failed: int
    failures: Mapping[str, int] = field(default_factory=dict)
    response_ms: Mapping[str, list[float]] = field(default_factory=dict)
    log: list[LogLine] = field(default_factory=list)
    errors: str = ""

    def percentile(self, share: float, name: str = "answer") -> float:
        """Milliseconds; `share` 0.5 is the median. NaN when nothing was measured."""
        values = sorted(self.response_ms.get(name, []))
        return values[min(len(values) - 1, math.floor(share * len(values)))] if values else math.nan

    def events(self) -> Counter[str]:
        """How often each thing happened."""
        return Counter(line.event for line in self.log)


class Sipp:
    """One run of SIPp. `async with Sipp(...) as callers: result = await callers.wait(60)`.

    `calls` 0 goes on until `stop`. `users` (name → password) are phones that are logged in before. Files go
    to `folder/NAME.*`. For a callee `remote` only names the server.
    """

    def __init__(
        self,
        scenario: Scenario,
        remote: tuple[str, int],
        folder: Path,
        *,
        name: str = "",
        local_host: str = "127.0.0.1",
        local_port: int = 0,
        media_port: int = 0,
        calls: int = 1,
        rate: float = 1.0,
        limit: int = 0,
        rows: Sequence[Sequence[str]] | None = None,
        rtp_echo: bool = False,
        users: Mapping[str, str] | None = None,
        program: str = "sipp",
    ) -> None:
        self.name = name or type(scenario).__name__.lower()
        self.folder = folder
        self._scenario = scenario
        self._rows = rows
        self._users = users
        self._remote = remote
        self._local_host = local_host
        self._process: asyncio.subprocess.Process | None = None
        self._line = [
            *(program, f"{remote[0]}:{remote[1]}", "-sf", str(self._file("xml")), "-nostdin", "-aa"),
            *("-i", local_host, "-mi", local_host, "-bind_local", "-t", "u1", "-timer_resol", "1"),
            *("-trace_stat", "-stf", str(self._file("stat.csv")), "-fd", "1"),
            *("-trace_err", "-error_file", str(self._file("errors.log"))),
            *("-trace_logs", "-log_file", str(self._file("events.log"))),
            *("-f", "60", "-cid_str", f"{self.name}-%u-%p@%s"),
        ]
        # Left to itself SIPp takes 5060 and 6000.
        self.local_port = local_port or _free_port(local_host)
        self._line += ["-p", str(self.local_port)]
        self._line += ["-mp", str(media_port or _free_port(local_host))]
        self._calls = calls
        if calls and not isinstance(scenario, Callee):
            self._line += ["-m", str(calls)]
        if not isinstance(scenario, Callee):
            period = 1000 if rate >= 1 or rate <= 0 else round(1000 / rate)
            self._line += ["-r", str(max(1, round(rate))), "-rp", str(period)]
            self._line += ["-l", str(limit or 10_000)]
        if rows is not None:
            self._line += ["-inf", str(self._file("rows.csv"))]
        if rtp_echo:
            self._line += ["-rtp_echo"]

    def _file(self, kind: str) -> Path:
        return (self.folder / f"{self.name}.{kind}").resolve()

    async def start(self) -> None:
        """Returns when SIPp listens. Raises `SippError`: not installed, ended at once, a phone refused."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._users:
            await register(self._users, self._remote, (self._local_host, self.local_port), self.folder)
        self._file("xml").write_text(self._scenario.render())
        if self._rows is not None:
            rows = "".join(";".join(row) + "\n" for row in self._rows)
            self._file("rows.csv").write_text("SEQUENTIAL\n" + rows)
        with self._file("out").open("wb") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._line,
                    cwd=self.folder,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={"TERM": "dumb", "PATH": "/usr/local/bin:/usr/bin:/bin"},
                )
            except FileNotFoundError:
                raise SippError("sipp: no such program; install the package sip-tester") from None
        try:
            async with asyncio.timeout(10):
                while not _listens(self.local_port) and self._process.returncode is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await self.stop(grace=0)
            raise SippError(f"{self.name}: SIPp does not listen on port {self.local_port}") from None
        if self._process.returncode not in (None, 0, 1):
            raise SippError(
                f"{self.name}: SIPp ended with {self._process.returncode}: {self.result().errors}"
            )

    async def wait(self, timeout: float) -> SippResult:
        """Until all calls are done. Raises `SippError` after `timeout` seconds; SIPp is ended then."""
        if self._process is None:
            raise SippError("SIPp was not started")
        try:
            async with asyncio.timeout(timeout):
                if isinstance(self._scenario, Callee):
                    await self._all_called()
                await self._process.wait()
        except TimeoutError:
            await self.stop(grace=0.5)
            tail = self.result().errors[-1000:]
            raise SippError(f"{self.name}: not done within {timeout:g} s: {tail}") from None
        return self.result()

    async def _all_called(self) -> None:
        """A callee's own count would include each question whether it is still there."""
        while self._calls == 0 or sum(line.event in _OVER for line in self.events()) < self._calls:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        await self.stop()

    async def stop(self, grace: float = 5.0) -> SippResult | None:
        """End it: no new calls at once, those up get `grace` seconds to finish; what it saw."""
        if self._process is None:
            return None
        for number, seconds in ((signal.SIGUSR1, grace), (signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._process.wait()
        return self.result()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop(grace=0.5 if error else 5.0)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise SippError("SIPp was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def events(self) -> list[LogLine]:
        """What has happened so far, in order; readable while SIPp runs."""
        found = []
        for line in _read(self._file("events.log")).splitlines():
            parts = line.strip().split(";", 4)
            if len(parts) == 5:
                at_ms = float(parts[2]) * 1000 + float(parts[3]) / 1000
                found.append(LogLine(parts[0], parts[1], at_ms, parts[4]))
        return found

    def result(self) -> SippResult:
        """What the files say now."""
        log = self.events()
        rows = list(csv.DictReader(_read(self._file("stat.csv")).splitlines(), delimiter=";"))
        last = rows[-1] if rows else {}

        def number(column: str) -> int:
            return int(last.get(column) or 0)

        failures = {
            name[len("Failed") : -len("(C)")]: number(name)
            for name in last
            if name and name.startswith("Failed") and name.endswith("(C)") and number(name)
        }
        exit_code = self._process.returncode if self._process else None
        return SippResult(
            exit_code=-1 if exit_code is None else exit_code,
            created=number("TotalCallCreated"),
            successful=number("SuccessfulCall(C)"),
            failed=number("FailedCall(C)"),
            failures={name: count for name, count in failures.items() if name != "Call"},
            response_ms=_response_times(log),
            log=log,
            errors=_read(self._file("errors.log")) or _read(self._file("out"))[-2000:],
        )


def _response_times(log: Iterable[LogLine]) -> dict[str, list[float]]:
    """From the log, in fractions of a millisecond; SIPp's own table has whole ones."""
    begun: dict[str, float] = {}
    found: dict[str, list[float]] = {}
    for line in log:
        if line.event == "invite":
            begun[line.call_id] = line.at_ms
        elif line.event in ("ringing", "answered", "refused") and line.call_id in begun:
            name = "ringing" if line.event == "ringing" else "answer"
            found.setdefault(name, []).append(line.at_ms - begun[line.call_id])
    return found


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    """Whether some process of this machine has this UDP port; asked of the kernel, so as not to take it."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(int(line.split()[1].rpartition(":")[2], 16) == port for line in lines)


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


async def register(
    users: Mapping[str, str],
    remote: tuple[str, int],
    contact: tuple[str, int],
    folder: Path,
    *,
    expires_s: int = 3600,
) -> None:
    """Log in phones (name → password) that will answer at `contact`, the address of a callee's run.

    It is done from that very port, since the switch takes calls to where a registration came from: so before
    the callee starts (`Sipp(…, users=…)` does it), or after it has stopped. Raises `SippError`.
    """
    if _listens(contact[1]):
        raise SippError(f"port {contact[1]} is in use: register phones before their callee starts")
    rows = [
        (name, f"[authentication username={name} password={password}]") for name, password in users.items()
    ]
    scenario = Register(f"{contact[0]}:{contact[1]}", expires_s)
    run = Sipp(
        scenario, remote, folder, name=f"register-{contact[1]}", calls=len(rows), rows=rows,
        rate=_REGISTRATIONS_A_SECOND, local_host=contact[0], local_port=contact[1],
    )  # fmt: skip
    async with run:
        result = await run.wait(_REGISTERED_WITHIN_S)
    if result.successful != len(rows):
        raise SippError(
            f"{len(rows) - result.successful} of {len(rows)} could not register: {result.errors[-800:]}"
        )
