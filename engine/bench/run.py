"""The whole bench: both sides in turns, at each rate."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from engine.bench.answer_load import AnswerLoad
from engine.bench.answer_report import told_answers
from engine.bench.answer_results import AnswerMeasured
from engine.bench.load import Load
from engine.bench.menu_load import MenuLoad
from engine.bench.menu_report import told_menus
from engine.bench.menu_results import MenuMeasured
from engine.bench.plain import PlainSide
from engine.bench.ports import free_ports, free_rtp_ranges
from engine.bench.product import EngineSide
from engine.bench.queueing.load import QueueLoad
from engine.bench.queueing.report import told_queue
from engine.bench.queueing.results import QueueMeasured
from engine.bench.results import Measured, percentile
from engine.bench.side import Addresses, BenchError, Side, Tell
from engine.settings import Ports

# RTP and RTCP of two legs, for as long as a call takes on a machine that is too slow for it.
_PORTS_A_CALL, _LONGEST_S = 4, 20
# In a queue there are several times as many callers as talk.
_WAITING_TIMES = 4

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

SIDES: dict[str, type[Side]] = {"plain": PlainSide, "engine": EngineSide}


async def bench(
    root: Path,
    rates: Sequence[float],
    seconds: float,
    rounds: int,
    tell: Tell,
    sides: Sequence[str] = tuple(SIDES),
    keep: Path | None = None,
) -> list[Measured]:
    """Measure all sides in turns, `rounds` times at each rate, for `seconds` each time.

    `root` is the folder that holds Asterisk; `keep` gets a folder with the files of all instances, else they
    are deleted.
    One result a round. Raises `BenchError`.
    """
    async with _running(root, max(rates), tell, sides, keep) as running:
        loads = {name: Load(side, side.folder / "load") for name, side in running.items()}
        for name, load in loads.items():
            tell(f"{name}: warming up")
            await load.warm_up()
        return await _measure(loads, rates, seconds, rounds, tell)


async def bench_menus(
    root: Path,
    rates: Sequence[float],
    seconds: float,
    rounds: int,
    tell: Tell,
    sides: Sequence[str] = tuple(SIDES),
    keep: Path | None = None,
) -> list[MenuMeasured]:
    """The same as `bench`, for the time from a key in a menu to the next prompt. Raises `BenchError`."""
    async with _running(root, max(rates), tell, sides, keep) as running:
        loads = {name: MenuLoad(side, side.folder / "menus") for name, side in running.items()}
        return await _in_turns(loads, rates, seconds, rounds, tell, told_menus)


async def bench_answers(
    root: Path,
    rates: Sequence[float],
    seconds: float,
    rounds: int,
    tell: Tell,
    sides: Sequence[str] = tuple(SIDES),
    keep: Path | None = None,
) -> list[AnswerMeasured]:
    """The same as `bench`, for the time from an answer to sound both ways. Raises `BenchError`."""
    async with _running(root, max(rates), tell, sides, keep) as running:
        loads = {name: AnswerLoad(side, side.folder / "answers") for name, side in running.items()}
        return await _in_turns(loads, rates, seconds, rounds, tell, told_answers)


async def bench_queue(
    root: Path,
    rates: Sequence[float],
    seconds: float,
    rounds: int,
    tell: Tell,
    sides: Sequence[str] = tuple(SIDES),
    keep: Path | None = None,
) -> list[QueueMeasured]:
    """The same as `bench`, for evenings in a queue. Raises `BenchError`."""
    async with _running(root, _WAITING_TIMES * max(rates), tell, sides, keep) as running:
        loads = {name: QueueLoad(side, side.folder / "queue") for name, side in running.items()}
        return await _in_turns(loads, rates, seconds, rounds, tell, told_queue)


class _Load(Protocol[R_co]):
    async def warm_up(self) -> None: ...

    async def run(self, rate: float, calls: int) -> R_co: ...


async def _in_turns(
    loads: Mapping[str, _Load[R]],
    rates: Sequence[float],
    seconds: float,
    rounds: int,
    tell: Tell,
    told_of: Callable[[R], str],
) -> list[R]:
    for name, load in loads.items():
        tell(f"{name}: warming up")
        await load.warm_up()
    found: list[R] = []
    for rate in rates:
        for number in range(1, rounds + 1):
            for name, load in loads.items():
                calls = max(1, round(rate * seconds))
                tell(f"{name}: {calls} calls, {rate:g} a second (round {number} of {rounds})")
                measured = await load.run(rate, calls)
                tell(f"{name}: {told_of(measured)}")
                found.append(measured)
    return found


@asynccontextmanager
async def _running(
    root: Path, rate: float, tell: Tell, sides: Sequence[str], keep: Path | None
) -> AsyncIterator[dict[str, Side]]:
    """The sides, started; their files are kept or deleted at the end."""
    _require()
    folder = _folder()
    try:
        async with AsyncExitStack() as stack:
            running: dict[str, Side] = {}
            for name, addresses in zip(sides, _addresses(len(sides), rate), strict=True):
                tell(f"{name}: starting")
                running[name] = SIDES[name](folder / name, root, addresses, tell)
                await stack.enter_async_context(running[name])
            yield running
    finally:
        try:
            if keep is not None:
                shutil.copytree(folder, keep / folder.name, symlinks=True, ignore=_sockets)
                tell(f"kept: {keep / folder.name}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def _measure(
    loads: dict[str, Load], rates: Sequence[float], seconds: float, rounds: int, tell: Tell
) -> list[Measured]:
    found: list[Measured] = []
    for rate in rates:
        for number in range(1, rounds + 1):
            for name, load in loads.items():
                calls = max(1, round(rate * seconds))
                tell(f"{name}: {calls} calls, {rate:g} a second (round {number} of {rounds})")
                try:
                    measured = await load.run(rate, calls)
                except BenchError as error:
                    if not found:
                        raise
                    # This rate is too much for the machine, and so are higher ones; what was measured counts.
                    tell(f"{name}: broke down at {rate:g} a second, which ends the bench: {str(error)[:200]}")
                    return [each for each in found if each.rate < rate]
                tell(
                    f"{name}: {measured.complete} complete, {measured.failed} failed, "
                    f"{measured.short_recordings} recorded short, "
                    f"answer {percentile(measured.answer_ms, 0.5):.1f} ms, "
                    f"ring {percentile(measured.ring_ms, 0.5):.1f} ms (p50), "
                    f"{measured.cpu_a_call():.1f} ms CPU a call, {measured.stolen:.0%} of the machine stolen"
                    + "".join(f"; {reason}: {times}" for reason, times in measured.failures.items())
                )
                found.append(measured)
    return found


def _folder() -> Path:
    """A new one, which Asterisk's unprivileged user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="vats-bench-"))
    folder.chmod(0o755)
    return folder


def _require() -> None:
    if shutil.which("sipp") is None:
        raise BenchError("sipp: no such program; install the package sip-tester")


def _addresses(sides: int, rate: float) -> list[Addresses]:
    length = max(200, 2 * round(_PORTS_A_CALL * _LONGEST_S * rate / 2))
    try:
        ranges = free_rtp_ranges(sides, length)
        ports = iter(free_ports(7 * sides))
    except OSError as error:
        raise BenchError(str(error)) from error
    return [
        Addresses(
            Ports(
                sip=next(ports), ari=next(ports), ami=next(ports), agi=next(ports), web=next(ports),
                rtp_from=first, rtp_to=first + length - 1,
            ),
            callers=next(ports),
            operators=next(ports),
        )
        for first in ranges
    ]  # fmt: skip


def _sockets(folder: str, names: list[str]) -> set[str]:
    """What cannot be copied: sockets and pipes."""
    return {
        name for name in names
        if not (path := Path(folder, name)).is_symlink() and not path.is_file() and not path.is_dir()
    }  # fmt: skip
