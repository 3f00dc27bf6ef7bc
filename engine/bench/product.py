"""The engine's side: all processes of the product as `vats up` runs them."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from engine.bench.answers import ANSWERS_NUMBER, GROUP
from engine.bench.menus import MENU_NUMBER
from engine.bench.queueing.plan import QUEUE_NUMBER
from engine.bench.results import ASTERISK, ENGINE, OTHER, WORKER
from engine.bench.side import GREETING, KEY, NUMBER, TENANT, BenchError, Side
from engine.operations import EngineAway, EngineClient
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.supervisor import Supervisor

_HEALTHY_WITHIN_S = 60.0
_READY_WITHIN_S = 240.0  # all that callers may hear is spoken first
_GROUPS = {"asterisk": ASTERISK, "engine": ENGINE, "worker": WORKER}


class EngineSide(Side):
    name = "engine"
    title = "engine"
    tells_steps = True

    _supervisor: Supervisor | None = None

    async def __aenter__(self) -> "EngineSide":
        config = self.settings.config.parent
        self._write(
            config / "tenants" / f"{TENANT}.yaml",
            "tenant.yaml.j2",
            tenant=TENANT, number=NUMBER, menu_number=MENU_NUMBER, operators=self.operators,
            answers_number=ANSWERS_NUMBER, group=GROUP, pair=self.pair,
            queue_number=QUEUE_NUMBER, queue_operators=self.queue_operators,
        )  # fmt: skip
        self._write(self.scenarios / "main.yaml", "scenario.yaml.j2", key=KEY)
        self._write(self.scenarios / "answers.yaml", "answers.yaml.j2", greeting=GREETING, group=GROUP)
        self._write(self.scenarios / "queue.yaml", "queue.yaml.j2")
        self._write(self.scenarios / "menus.yaml", "menus.yaml.j2", menus=self.menus())
        database = Database(self.settings.database_url)
        try:
            await upgrade(database)
        finally:
            await database.close()
        supervisor = Supervisor(self.settings, lambda _line: None)
        await supervisor.__aenter__()
        self._supervisor = supervisor
        try:
            if sick := await supervisor.healthy(_HEALTHY_WITHIN_S):
                raise BenchError(f"the engine's side does not come up: {'; '.join(sick)}")
            await self._provisioned()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _provisioned(self) -> None:
        """Until the operators' accounts are in the switch, and all scenarios are live."""
        client, loop = EngineClient(self.settings), asyncio.get_running_loop()
        end = loop.time() + _READY_WITHIN_S
        while True:
            with contextlib.suppress(EngineAway):
                status = await client.call("status")
                # What is still spoken ahead of calls would be counted as the price of these.
                if status["ready"] and not status["preparing_roads"]:
                    break
            if loop.time() > end:
                log = f"{self.settings.log_folder}/engine.log"
                raise BenchError(f"the engine is not ready after {_READY_WITHIN_S:g} s; see {log}")
            await asyncio.sleep(0.1)
        wanted = {operator.account for operator in self.operators}
        known = json.loads((self.settings.run_folder / "accounts.json").read_text())
        if missing := wanted - known.keys():
            raise BenchError(
                f"{len(missing)} of {len(wanted)} operators have no account, {min(missing)} for one; "
                f"see {self.settings.log_folder}/engine.log"
            )

    async def __aexit__(self, *details: object) -> None:
        if self._supervisor is not None:
            await self._supervisor.__aexit__(*details)
            self._supervisor = None

    def pids(self) -> Mapping[str, list[int]]:
        assert self._supervisor is not None
        found: dict[str, list[int]] = {}
        for name, child in self._supervisor.children.items():
            if not child.running or child.process is None:
                raise BenchError(f"{name} of the engine's side has ended; see {self.settings.log_folder}")
            found.setdefault(_GROUPS.get(name, OTHER), []).append(child.process.pid)
        return found

    def records(self) -> dict[str, Path | None]:
        rows = self.select(self.settings.home / "vats.db", "SELECT caller, recording FROM cdr")
        files = self.settings.recordings_folder
        return {caller: files / name if name else None for caller, name in rows}
