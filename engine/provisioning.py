"""What the switch and the fallback must know of the tenants: accounts, and who rings without an engine."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import structlog

from engine.directory.codes import code_of
from engine.directory.directory import Directory, Tenant
from engine.directory.fallback_targets import FallbackTarget, fallback_targets, write_targets
from engine.secrets import secret
from engine.settings import Settings, SettingsError
from engine.switch.accounts import (
    Account,
    AccountObjects,
    missing_accounts,
    objects_of,
    push_accounts,
    remove_account,
)
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.switch.errors import SwitchError
from engine.switch.lamps import dnd_device, pause_device, render_hints, slot_device
from engine.switch.message_light import Mailbox, endpoint_of
from engine.switch.trunks import endpoint_fields

AMI_LIMIT_S = 5.0

log = structlog.get_logger(__name__)


class Provisioning:
    """Brings the switch up to date with a directory; `apply` again after each change and each connect. What
    it makes of very many users takes a second, and is made in threads: calls do not wait for it.
    """

    def __init__(self, settings: Settings, application: Application, ami: Ami) -> None:
        self._settings = settings
        self._application = application
        self._ami = ami
        self._accounts_file = settings.run_folder / "accounts.json"
        self._one_at_a_time = asyncio.Lock()
        self._knows_switch = False
        self._hints = ""  # what the switch has read for certain

    def forget(self) -> None:
        """The switch may be another one, which has no accounts."""
        self._knows_switch = False

    async def apply(self, directory: Directory) -> bool:
        """Whether all is there now. What goes wrong is logged; what was there before goes on serving."""
        async with self._one_at_a_time:
            try:
                targets = await asyncio.to_thread(self._write_targets, directory)
                await self._push_accounts(directory)
                await self._put_fallback_targets(targets)
                await self._put_hints(directory)
            except (SwitchError, OSError, SettingsError) as error:
                log.error("provisioning.failed", cause=str(error))
                return False
            log.info("provisioning.done", users=len(directory.users()))
            return True

    def _write_targets(self, directory: Directory) -> Mapping[str, FallbackTarget]:
        targets = fallback_targets(directory, tuple(self._settings.trunks))
        write_targets(self._settings.run_folder / "fallback.json", targets)
        return targets

    async def _push_accounts(self, directory: Directory) -> None:
        objects, wanted, before = await asyncio.to_thread(self._accounts, directory)
        for name in before.keys() - wanted.keys():
            await remove_account(self._application, name)
        there = {name for name, digest in wanted.items() if before.get(name) == digest}
        if not self._knows_switch:
            there -= await missing_accounts(self._application, there)
            self._knows_switch = True
        there |= await push_accounts(
            self._application, [objects[name] for name in wanted if name not in there]
        )
        # Those that were refused are known too, so that they go when they are no longer wanted.
        known = {name: wanted[name] if name in there else "" for name in wanted}
        await asyncio.to_thread(self._write_known, known)

    def _accounts(
        self, directory: Directory
    ) -> tuple[dict[str, AccountObjects], dict[str, str], dict[str, str]]:
        """All that is to be in the switch, the digests of it, and of what was written last."""
        objects = {one.name: one for one in self._objects(directory)}
        return objects, {name: _digest(one) for name, one in objects.items()}, _read(self._accounts_file)

    def _write_known(self, digests: Mapping[str, str]) -> None:
        part = self._accounts_file.with_suffix(".part")
        part.write_text(json.dumps(digests))
        part.replace(self._accounts_file)

    def _objects(self, directory: Directory) -> Iterator[AccountObjects]:
        asterisk = self._settings.asterisk
        every = endpoint_fields(self._settings)
        for user in directory.users():
            mailbox = Mailbox(user.tenant, user.extension)
            for name in user.accounts():
                caller_id = f'"{user.name}" <{user.extension}>'
                password = secret(self._settings, f"sip-{name}")
                account = Account(name, password, caller_id, user.tenant, mailbox.name)
                yield objects_of(
                    account, every, asterisk.qualify, message_subscriptions=asterisk.message_subscriptions
                )
            yield endpoint_of(mailbox)

    async def _put_fallback_targets(self, targets: Mapping[str, FallbackTarget]) -> None:
        """Each number's first dial string, for the case that the fallback process is away too."""
        await self._ami.wait_connected(AMI_LIMIT_S)
        # Without the fallback process nobody tells whose call to an emergency number it is.
        wanted = {
            number: target.dial for number, target in targets.items() if target.dial and not target.caller_id
        }
        present = await self._ami.database_tree("fallback")
        for number in present.keys() - wanted.keys():
            await self._ami.database_delete("fallback", number)
        for number, dial in wanted.items():
            if present.get(number) != dial:
                await self._ami.database_put("fallback", number, dial)

    async def _put_hints(self, directory: Directory) -> None:
        """What phones may watch; the dialplan is read again where that has changed."""
        text = await asyncio.to_thread(_hints_of, directory)
        if text == self._hints:
            return
        self._hints = ""
        await asyncio.to_thread(write_public, self._settings.run_folder / "hints.conf", text)
        await self._ami.reload("pbx_config")
        self._hints = text


def _hints_of(directory: Directory) -> str:
    return render_hints({tenant.name: watched(tenant) for tenant in directory.tenants.values()})


def watched(tenant: Tenant) -> dict[str, list[str]]:
    """The switch's devices behind each extension of a tenant that a busy lamp can watch."""
    places = {place: [slot_device(tenant.name, place)] for place in tenant.parking_places}
    # The key that shows a pause dials what it watches.
    toggle = code_of("pause_toggle")
    pauses = {
        f"{toggle}{extension}": [pause_device(tenant.name, extension)]
        for extension in sorted(tenant.who_may_serve())
    }
    return (
        places
        | pauses
        | {
            extension: [*user.endpoints(), dnd_device(tenant.name, extension)]
            for extension, user in tenant.users.items()
        }
    )


def write_public(path: Path, text: str) -> None:
    """By rename, and readable by the switch's user. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.chmod(0o644)
    part.replace(path)


def _digest(objects: AccountObjects) -> str:
    return hashlib.sha256(json.dumps(asdict(objects), sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, str]:
    """What was written to the switch, by name; "" for what may not be there."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    if isinstance(found, list):  # of a version before
        return {str(name): "" for name in found}
    return {str(name): str(digest) for name, digest in found.items()}
