"""What the switch and the fallback must know of the tenants: accounts, and who rings without an engine."""

import asyncio
import json
import os

import structlog

from engine.directory.directory import Directory
from engine.secrets import secret
from engine.settings import Settings
from engine.switch.accounts import Account, push_accounts, remove_account
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.switch.errors import SwitchError
from engine.switch.trunks import endpoint_fields

log = structlog.get_logger(__name__)


class Provisioning:
    """Brings the switch up to date with a directory; `apply` again after each change and each connect."""

    def __init__(self, settings: Settings, application: Application, ami: Ami) -> None:
        self._settings = settings
        self._application = application
        self._ami = ami
        self._accounts_file = settings.run_folder / "accounts.json"
        self._one_at_a_time = asyncio.Lock()

    async def apply(self, directory: Directory) -> None:
        """Errors of the switch are logged: what was there before goes on serving."""
        async with self._one_at_a_time:
            self._write_fallback_file(directory)
            try:
                await self._push_accounts(directory)
                await self._put_fallback_targets(directory)
            except SwitchError as error:
                log.error("provisioning.failed", cause=str(error))
            else:
                log.info("provisioning.done", users=len(directory.users()))

    async def _push_accounts(self, directory: Directory) -> None:
        accounts = [
            Account(name, secret(self._settings, f"sip-{name}"), f'"{user.name}" <{user.extension}>')
            for user in directory.users()
            for name in user.accounts()
        ]
        before = _read_list(self._accounts_file)
        for name in set(before) - {account.name for account in accounts}:
            await remove_account(self._application, name)
        await push_accounts(
            self._application, accounts, endpoint_fields(self._settings), self._settings.asterisk.qualify
        )
        _write(self._accounts_file, json.dumps([account.name for account in accounts]))

    async def _put_fallback_targets(self, directory: Directory) -> None:
        wanted = {number: entry["dial"] for number, entry in fallback_targets(directory).items()}
        present = await self._ami.database_tree("fallback")
        for number in present.keys() - wanted.keys():
            await self._ami.database_delete("fallback", number)
        for number, dial in wanted.items():
            if present.get(number) != dial:
                await self._ami.database_put("fallback", number, str(dial))

    def _write_fallback_file(self, directory: Directory) -> None:
        path = self._settings.run_folder / "fallback.json"
        _write(path, json.dumps(fallback_targets(directory), ensure_ascii=False, indent=1))


def fallback_targets(directory: Directory) -> dict[str, dict[str, object]]:
    """By city number: the tenant, the extensions that ring, and the same as a dial string."""
    targets: dict[str, dict[str, object]] = {}
    for entry in directory.numbers():
        tenant = directory.tenant(entry.tenant)
        if tenant is None:
            continue
        desk = tenant.desk_users()
        endpoints = [endpoint for extension in desk for endpoint in tenant.users[extension].endpoints()]
        if endpoints:
            targets[entry.number] = {"tenant": tenant.name, "users": desk, "dial": "&".join(endpoints)}
    return targets


def _read_list(path: os.PathLike[str]) -> list[str]:
    try:
        with open(path) as file:
            return [str(name) for name in json.load(file)]
    except (OSError, ValueError):
        return []


def _write(path: "os.PathLike[str]", content: str) -> None:
    """By rename: whoever reads it sees the old or the new one whole."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{os.fspath(path)}.part"
    with open(part, "w") as file:
        file.write(content)
    os.replace(part, path)
