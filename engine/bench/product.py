"""The engine's side: all processes of the product as `vats up` runs them."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from engine.bench.answers import ANSWERS_NUMBER, GROUP
from engine.bench.menus import MENU_NUMBER
from engine.bench.results import ASTERISK, ENGINE, OTHER, WORKER
from engine.bench.side import GREETING, KEY, NUMBER, TENANT, BenchError, Side
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.supervisor import Supervisor

_HEALTHY_WITHIN_S = 60.0
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
        )  # fmt: skip
        self._write(self.scenarios / "main.yaml", "scenario.yaml.j2", key=KEY)
        self._write(self.scenarios / "answers.yaml", "answers.yaml.j2", greeting=GREETING, group=GROUP)
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
        """Until the operators' accounts are in the switch."""
        done = self.settings.run_folder / "accounts.json"
        wanted = {operator.account for operator in self.operators}
        for _ in range(300):
            if done.exists():
                if missing := wanted - json.loads(done.read_text()).keys():
                    raise BenchError(
                        f"{len(missing)} of {len(wanted)} operators have no account, {min(missing)} for one; "
                        f"see {self.settings.log_folder}/engine.log"
                    )
                return
            await asyncio.sleep(0.1)
        raise BenchError(f"no accounts after 30 s; see {self.settings.log_folder}/engine.log")

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
