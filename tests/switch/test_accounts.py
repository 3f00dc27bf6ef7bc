"""Accounts on a real Asterisk: only what differs is written, and what was lost is written again (F01)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.provisioning import Provisioning
from engine.secrets import existing_secret
from engine.settings import Settings
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.switch.ari_http import AriHttp
from tests.instance import Instance

pytestmark = pytest.mark.switch


class Counting:
    """A connection that keeps what was written and what was taken away."""

    def __init__(self, http: AriHttp) -> None:
        self._http = http
        self.changes: list[str] = []
        self.refuses = ""

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        if self.refuses and path.endswith(self.refuses):
            path = path.replace("/dynamic/", "/nowhere/")
        answer = await self._http.request(method, path, query, body)
        if method != "GET":
            self.changes.append(f"{method} {'/'.join(path.split('/')[-2:])}")
        return answer

    def take(self) -> list[str]:
        """Those since the last look."""
        changes, self.changes = self.changes, []
        return changes


@asynccontextmanager
async def provisioned(settings: Settings) -> AsyncIterator[tuple[Provisioning, Counting]]:
    ami = Ami("127.0.0.1", settings.ports.ami, "vats", existing_secret(settings, "ami"))
    await ami.connect()
    settings.run_folder.mkdir(parents=True, exist_ok=True)
    password = existing_secret(settings, "ari")
    async with AriHttp("127.0.0.1", settings.ports.ari, "vats", password) as http:
        counting = Counting(http)
        try:
            yield Provisioning(settings, Application(counting, "vats"), ami), counting
        finally:
            await ami.close()


def people(**names: str) -> Directory:
    users = {extension.strip("_"): {"name": name} for extension, name in names.items()}
    content = {"tenant": "romashka", "title": "Ромашка", "users": users}
    return Directory.of([tenant_of(TenantModel.model_validate(content))])


def written(*extensions: str, mailboxes: bool = True) -> list[str]:
    names = [f"romashka-{extension}-desk" for extension in extensions]
    boxes = [f"mailbox.romashka.{extension}" for extension in extensions if mailboxes]
    return sorted(
        [f"PUT {kind}/{name}" for name in names for kind in ("auth", "aor", "endpoint")]
        + [f"PUT endpoint/{box}" for box in boxes]
    )


async def test_only_what_differs_is_written(instance: Instance) -> None:
    instance.start_asterisk()
    async with provisioned(instance.settings) as (provisioning, connection):
        both = people(_101="Анна", _102="Пётр")
        assert await provisioning.apply(both)
        changes = connection.take()
        assert sorted(changes) == written("101", "102")
        last = [change for change in changes if change.startswith("PUT endpoint/")]
        assert changes[-len(last) :] == last, "endpoints come after all others"
        assert await provisioning.apply(both)
        assert connection.take() == []
        assert await provisioning.apply(people(_101="Анна", _102="Пётр Первый"))
        assert sorted(connection.take()) == written("102", mailboxes=False)
        assert '"Пётр Первый" <102>' in instance.cli("pjsip show endpoint romashka-102-desk")
    # The next engine finds all that there is, also in an Asterisk that was started anew.
    instance.stop_asterisk()
    instance.start_asterisk()
    async with provisioned(instance.settings) as (provisioning, connection):
        same = people(_101="Анна", _102="Пётр Первый")
        assert await provisioning.apply(same)
        assert connection.take() == []
        # One that was lost is seen after the next connect.
        await connection.request("DELETE", "/asterisk/config/dynamic/res_pjsip/endpoint/romashka-101-desk")
        connection.take()
        assert await provisioning.apply(same)
        assert connection.take() == []
        provisioning.forget()
        assert await provisioning.apply(same)
        assert sorted(connection.take()) == written("101", mailboxes=False)
        assert await provisioning.apply(people(_101="Анна"))
        assert sorted(connection.take()) == [
            "DELETE aor/romashka-102-desk",
            "DELETE auth/romashka-102-desk",
            "DELETE endpoint/mailbox.romashka.102",
            "DELETE endpoint/romashka-102-desk",
        ]


async def test_one_that_the_switch_refuses_is_tried_again_and_keeps_no_other(instance: Instance) -> None:
    instance.start_asterisk()
    async with provisioned(instance.settings) as (provisioning, connection):
        both = people(_101="Анна", _102="Пётр")
        connection.refuses = "aor/romashka-101-desk"
        assert await provisioning.apply(both)
        assert "PUT endpoint/romashka-101-desk" not in connection.changes
        assert "PUT endpoint/romashka-102-desk" in connection.take()
        connection.refuses = ""
        assert await provisioning.apply(both)
        assert sorted(connection.take()) == written("101", mailboxes=False)
