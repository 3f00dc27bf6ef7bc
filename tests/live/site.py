"""A whole running installation for a test: Asterisk, engine, worker, phones."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from engine.operations import EngineAway, EngineClient
from engine.settings import Trunk
from tests.instance import Instance, asterisk_root
from tests.phones import Phone
from tests.ports import free_port

HERE = Path(__file__).parent
CITY_NUMBER = "+74951234567"
CALLER = "+79031112233"


async def eventually(condition: Callable[[], Any], timeout: float = 30.0, what: str = "") -> Any:
    """The condition's first true value; polls. Raises `AssertionError` after `timeout` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while not (value := condition()):
        if loop.time() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        await asyncio.sleep(0.02)
    return value


class Site:
    """`instance` with what the tests of whole calls need on top."""

    def __init__(self, instance: Instance, folder: Path, trunk_port: int) -> None:
        self.instance = instance
        self.folder = folder
        self.trunk_port = trunk_port
        self.settings = instance.settings
        self.engine: subprocess.Popen[bytes] | None = None
        self.supervisor: subprocess.Popen[bytes] | None = None
        self._stack = AsyncExitStack()
        self._phones: dict[str, Phone] = {}

    async def start(self, *processes: str) -> None:
        upgraded = await asyncio.to_thread(self.vats, "db", "upgrade")
        assert upgraded.returncode == 0, upgraded.stderr
        if "up" in processes:
            await self.start_all()
            return
        await asyncio.to_thread(self.instance.start_asterisk)
        for name in processes:
            if name == "engine":
                await self.start_engine()
            else:
                self.instance.start(name)

    async def start_all(self) -> None:
        """`vats up` in a process of its own: it starts everything and starts again what dies."""
        self.settings.log_folder.mkdir(parents=True, exist_ok=True)
        with (self.settings.log_folder / "up.log").open("ab") as log:
            self.supervisor = subprocess.Popen(  # noqa: ASYNC220 (it returns at once)
                [sys.executable, "-m", "engine.cli", "up"],
                env=self.instance.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.instance.processes.append(self.supervisor)
        await eventually(lambda: "all answer" in self.instance.log("up"), 60, self.instance.log("up"))
        await self.wait_ready()

    async def wait_ready(self, timeout: float = 120) -> int:
        """Wait until the engine is connected and the switch knows the accounts; returns the engine's pid."""
        client, loop = EngineClient(self.settings), asyncio.get_running_loop()
        end = loop.time() + timeout
        while loop.time() < end:
            try:
                status = await client.call("status")
            except EngineAway:
                status = {}
            if status.get("ready") and status.get("ami_connected"):
                return int(status["pid"])
            await asyncio.sleep(0.05)
        raise AssertionError(f"not ready within {timeout} s:\n{self.instance.log('engine')[-3000:]}")

    async def start_engine(self) -> None:
        """Start it and wait until it is connected to Asterisk and the users' accounts are there."""
        self.engine = self.instance.start("engine")
        client = EngineClient(self.settings)
        for _ in range(2400):
            try:
                if (await client.call("status"))["ready"]:
                    return
            except EngineAway:
                pass
            if self.engine.poll() is not None:
                break
            await asyncio.sleep(0.05)
        raise AssertionError(f"the engine did not come up:\n{self.instance.log('engine')[-3000:]}")

    async def calls(self) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = await EngineClient(self.settings).call("calls")
        return result

    async def wait_call(self, timeout: float = 10.0, **wanted: object) -> dict[str, Any]:
        """The live call that has these values."""
        end = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < end:
            for call in await self.calls():
                if all(call[name] == value for name, value in wanted.items()):
                    return call
            await asyncio.sleep(0.02)
        raise AssertionError(f"no live call with {wanted}: {await self.calls()}")

    async def phone(self, extension: str, tenant: str = "romashka") -> Phone:
        """The registered phone of this user; asked for again, the same one."""
        name = f"{tenant}-{extension}-desk"
        if name in self._phones:
            return self._phones[name]
        folder = self.folder / "phones"
        phone = Phone("127.0.0.1", self.settings.ports.sip, name, self.password(extension, tenant), folder)
        await self._stack.enter_async_context(phone)
        await phone.register()
        self._phones[name] = phone
        return phone

    def password(self, extension: str, tenant: str = "romashka") -> str:
        return (self.settings.secrets_folder / f"sip-{tenant}-{extension}-desk").read_text().strip()

    async def switch_off(self, extension: str, tenant: str = "romashka") -> None:
        """Log this user's phone out and end it: he cannot be reached."""
        phone = self._phones.pop(f"{tenant}-{extension}-desk", None)
        if phone is not None:
            await phone.unregister()
            await phone.stop()

    async def city(self) -> Phone:
        """The far end of the trunk: whoever calls from the city."""
        return await self.trunk("city", self.trunk_port)

    async def city_again(self) -> Phone:
        """The same anew, after its process was killed."""
        del self._phones["city"]
        return await self.city()

    async def trunk(self, name: str, port: int) -> Phone:
        """The far end of a trunk whose other side is this port."""
        if name not in self._phones:
            sip, folder = self.settings.ports.sip, self.folder / "phones"
            phone = Phone.trunk("127.0.0.1", sip, folder, local_port=port, name=name)
            await self._stack.enter_async_context(phone)
            self._phones[name] = phone
        return self._phones[name]

    async def hang_up_all(self) -> None:
        """All phones end their calls and forget those that nobody took, so that the next test finds peace."""
        for phone in self._phones.values():
            for call in phone.calls:
                await call.hangup()
            phone.forget_offers()

    def rows(self, view: str = "cdr") -> list[dict[str, Any]]:
        """All rows of a view, the oldest first; none before the database is there."""
        path = self.settings.home / "vats.db"
        if not path.exists():
            return []
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            connection.row_factory = sqlite3.Row
            order = "started_at" if view == "cdr" else "1"
            return [dict(row) for row in connection.execute(f"SELECT * FROM {view} ORDER BY {order}")]
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    async def record_of(self, caller: str, timeout: float = 15.0) -> dict[str, Any]:
        """Wait for the record of the call from this caller; tests give each call a caller of its own."""
        found: dict[str, Any] = await eventually(
            lambda: next((row for row in self.rows() if row["caller"] == caller), None),
            timeout,
            f"the record of {caller}; worker: {self.instance.log('worker')[-2000:]}",
        )
        return found

    async def records(self, number: int, timeout: float = 15.0) -> list[dict[str, Any]]:
        """Wait for so many call records."""
        found: list[dict[str, Any]] = await eventually(
            lambda: rows if len(rows := self.rows()) >= number else None,
            timeout,
            f"{number} records; worker: {self.instance.log('worker')[-2000:]}",
        )
        return found

    async def wait_rows(
        self, wanted: Callable[[dict[str, Any]], bool], number: int, timeout: float = 15.0
    ) -> list[dict[str, Any]]:
        """Wait until so many records are as wanted."""

        def found() -> list[dict[str, Any]] | None:
            rows = [row for row in self.rows() if wanted(row)]
            return rows if len(rows) >= number else None

        rows: list[dict[str, Any]] = await eventually(found, timeout, f"{number} such records")
        return rows

    def differences(self) -> list[dict[str, Any]]:
        """What `vats cdr verify --json` finds."""
        done = self.vats("cdr", "verify", "--json")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line for line in lines if line["kind"] != "summary"]

    def vats(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "engine.cli", *arguments],
            env=self.instance.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    async def close(self) -> None:
        await self._stack.aclose()
        if self.supervisor is not None:
            self.supervisor.terminate()
            await asyncio.to_thread(self.supervisor.wait, 60)
        await asyncio.to_thread(self.instance.close)


@asynccontextmanager
async def running_site(
    folder: Path,
    *processes: str,
    any_port: bool = False,
    tenants: Path = HERE / "tenants",
    scenarios: Path = HERE / "scenarios",
    trunks: Mapping[str, Trunk] | None = None,
    secrets: Mapping[str, str] | None = None,
    **settings: object,
) -> AsyncIterator[Site]:
    """An installation with the tests' tenant; `processes` of ours are started after Asterisk. `up` is all of
    them under the supervisor. `trunks` are further ones; `secrets` are files below VATS_HOME/secrets.

    The trunk is one port of this machine, or with `any_port` every port that no user's phone calls from.
    """
    trunk_port = free_port()
    address = "127.0.0.1" if any_port else f"127.0.0.1:{trunk_port}"
    city = Trunk(addresses=[address], host=f"127.0.0.1:{trunk_port}")
    if any_port:
        # SIPp, which such tests use, does not answer the question whether it is there.
        settings["asterisk"] = {"root": str(asterisk_root()), "qualify": 0}
    instance = Instance(
        folder,
        trunks={"city": city, **(trunks or {})},
        tenants=tenants,
        scenarios=scenarios,
        rtp_ports=1200 if any_port else 200,
        **settings,
    )
    for name, secret in (secrets or {}).items():
        (instance.settings.secrets_folder / name).write_text(secret + "\n")
    site = Site(instance, folder, trunk_port)
    try:
        await site.start(*processes)
        yield site
    finally:
        await site.close()
