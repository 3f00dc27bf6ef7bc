"""`vats up`: everything, in the foreground."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import Settings, load_settings
from engine.supervisor import AlreadyRunning, Supervisor

# Seconds that all processes together may take until they answer.
HEALTHY_WITHIN = 60.0
PROMPTS_LOOK_S = 1.0

T = TypeVar("T")


@click.command()
@click.option("--demo", is_flag=True, help="Then place the demo call, and end with its result.")
def up(demo: bool) -> None:
    """Start Asterisk and all processes, restart what dies, end all on Ctrl-C.

    Where everything runs already, the demo call is placed there. Logs are in VATS_HOME/log/NAME.log. Exit
    code 1 when something does not come up.
    """
    try:
        sys.exit(asyncio.run(_up(load_settings(), demo)))
    except AlreadyRunning:
        if not demo:
            raise
        sys.exit(asyncio.run(_run_demo()))


async def _up(settings: Settings, demo: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    begun = time.monotonic()
    quiet = False

    def tell(line: str) -> None:
        # The demo's last lines are its call's record.
        if not quiet:
            _tell(line)

    async with Supervisor(settings, tell) as supervisor:
        sick = await _unless(stop, supervisor.healthy(HEALTHY_WITHIN))
        if sick is None:
            return 0
        for line in sick:
            _tell(f"does not answer: {line}")
        if sick and demo:
            _tell("no demo call: the above must answer first; `vats doctor` says more")
            return 1
        if not sick:
            ports = settings.ports
            _tell(f"all answer after {time.monotonic() - begun:.1f} s")
            _tell(
                f"SIP {settings.listen}:{ports.sip}, web http://127.0.0.1:{ports.web}, state {settings.home}"
            )
        if demo:
            # The demo call wants its scenario; until that is live, its number rings the desk.
            await _unless(stop, _tell_of_prompts(settings, tell))
            code = await _unless(stop, _run_demo())
            quiet = code == 0
            return 1 if code is None else code
        await _unless(stop, _tell_of_prompts(settings, tell))
        await stop.wait()
    return 0


async def _tell_of_prompts(settings: Settings, tell: Callable[[str], None]) -> None:
    """How many tenants' prompts are still being made, every few seconds, until all are live."""
    client, before = EngineClient(settings), 0
    while True:
        try:
            status = await client.call("status")
        except (EngineAway, OperationFailed):
            status = {}
        waiting = int(status.get("preparing", before))
        if waiting == 0 and status:
            if before:
                tell("all prompts are made")
            return
        if waiting != before:
            tell(
                f"making the prompts of {waiting} tenant(s); until then new scenarios ring the tenant's desk"
            )
            before = waiting
        await asyncio.sleep(PROMPTS_LOOK_S)


async def _run_demo() -> int:
    """In a process of its own, so that it can have the terminal, and an event loop, to itself."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "engine.cli", "run", "demo")
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The work's result, or None when we are told to stop first."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def _tell(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')}  {line}")
