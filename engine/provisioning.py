"""What the switch and the fallback must know of the tenants: accounts, and who rings without an engine."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import structlog

from engine.directory.directory import Directory, Tenant
from engine.directory.fallback_targets import FallbackTarget, fallback_targets, write_targets
from engine.secrets import secret
from engine.settings import Settings, SettingsError
from engine.switch.accounts import Account, push_accounts, remove_account
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.switch.errors import SwitchError
from engine.switch.lamps import dnd_device, render_hints, slot_device
from engine.switch.message_light import Mailbox, push_mailboxes
from engine.switch.trunks import endpoint_fields

AMI_LIMIT_S = 5.0

log = structlog.get_logger(__name__)


class Provisioning:
    """Brings the switch up to date with a directory; `apply` again after each change and each connect."""

    def __init__(self, settings: Settings, application: Application, ami: Ami) -> None:
        self._settings = settings
        self._application = application
        self._ami = ami
        self._accounts_file = settings.run_folder / "accounts.json"
        self._one_at_a_time = asyncio.Lock()
        self._hints = ""  # what the switch has read for certain

    async def apply(self, directory: Directory) -> bool:
        """Whether all is there now. What goes wrong is logged; what was there before goes on serving."""
        async with self._one_at_a_time:
            targets = fallback_targets(directory)
            try:
                write_targets(self._settings.run_folder / "fallback.json", targets)
                await self._push_accounts(directory)
                await self._put_fallback_targets(targets)
                await self._put_hints(directory)
            except (SwitchError, OSError, SettingsError) as error:
                log.error("provisioning.failed", cause=str(error))
                return False
            log.info("provisioning.done", users=len(directory.users()))
            return True

    async def _push_accounts(self, directory: Directory) -> None:
        accounts = [
            Account(
                name,
                secret(self._settings, f"sip-{name}"),
                f'"{user.name}" <{user.extension}>',
                user.tenant,
                Mailbox(user.tenant, user.extension).name,
            )
            for user in directory.users()
            for name in user.accounts()
        ]
        mailboxes = [Mailbox(user.tenant, user.extension) for user in directory.users()]
        names = [account.name for account in accounts] + [mailbox.endpoint for mailbox in mailboxes]
        before = _read_list(self._accounts_file)
        for name in set(before) - set(names):
            await remove_account(self._application, name)
        await push_accounts(
            self._application,
            accounts,
            endpoint_fields(self._settings),
            self._settings.asterisk.qualify,
            message_subscriptions=self._settings.asterisk.message_subscriptions,
        )
        await push_mailboxes(self._application, mailboxes)
        part = self._accounts_file.with_suffix(".part")
        part.write_text(json.dumps(names))
        part.replace(self._accounts_file)

    async def _put_fallback_targets(self, targets: Mapping[str, FallbackTarget]) -> None:
        """Each number's first dial string, for the case that the fallback process is away too."""
        await self._ami.wait_connected(AMI_LIMIT_S)
        wanted = {number: target.dial for number, target in targets.items() if target.dial}
        present = await self._ami.database_tree("fallback")
        for number in present.keys() - wanted.keys():
            await self._ami.database_delete("fallback", number)
        for number, dial in wanted.items():
            if present.get(number) != dial:
                await self._ami.database_put("fallback", number, dial)

    async def _put_hints(self, directory: Directory) -> None:
        """What phones may watch; the dialplan is read again where that has changed."""
        text = render_hints({tenant.name: watched(tenant) for tenant in directory.tenants.values()})
        if text == self._hints:
            return
        self._hints = ""
        write_public(self._settings.run_folder / "hints.conf", text)
        await self._ami.reload("pbx_config")
        self._hints = text


def watched(tenant: Tenant) -> dict[str, list[str]]:
    """The switch's devices behind each extension of a tenant that a busy lamp can watch."""
    places = {place: [slot_device(tenant.name, place)] for place in tenant.parking_places}
    return places | {
        extension: [*user.endpoints(), dnd_device(tenant.name, extension)]
        for extension, user in tenant.users.items()
    }


def write_public(path: Path, text: str) -> None:
    """By rename, and readable by the switch's user. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.chmod(0o644)
    part.replace(path)


def _read_list(path: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads(path.read_text())]
    except (OSError, ValueError):
        return []
