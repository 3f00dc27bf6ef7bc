"""The users' SIP accounts, one a device, in the switch's own store, which survives its restart."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from engine.switch.ari.resources import Application
from engine.switch.errors import Gone, SwitchError
from engine.switch.lamps import hints_context
from engine.switch.music import music_class

log = structlog.get_logger(__name__)

AT_ONCE = 16


@dataclass(frozen=True)
class Account:
    """`name` is the SIP user name, and the name of endpoint, AoR and auth alike."""

    name: str
    password: str
    caller_id: str  # "Анна Иванова" <101>
    tenant: str = ""
    mailbox: str = ""  # whose messages its light tells of: 101@romashka


async def push_accounts(
    application: Application,
    accounts: Iterable[Account],
    endpoint_fields: Mapping[str, str],
    qualify_s: int,
    *,
    message_subscriptions: bool = False,
) -> None:
    """Write all accounts; `endpoint_fields` are what every endpoint has, `qualify_s` is how often a phone is
    asked whether it is there. One that the switch refuses is logged, the others go on.

    With `message_subscriptions` any phone may SUBSCRIBE for the message light of any account.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def push(account: Account) -> None:
        async with slots:
            try:
                await _push(application, account, endpoint_fields, qualify_s, message_subscriptions)
            except SwitchError as error:
                log.error("account.refused", account=account.name, cause=str(error))

    async with asyncio.TaskGroup() as group:
        for account in accounts:
            group.create_task(push(account))


async def remove_account(application: Application, name: str) -> None:
    """Take a device's account away; one that is not there is as good."""
    for kind in ("endpoint", "aor", "auth"):
        try:
            await application.delete_object(kind, name)
        except Gone:
            continue


async def _push(
    application: Application,
    account: Account,
    endpoint_fields: Mapping[str, str],
    qualify_s: int,
    message_subscriptions: bool,
) -> None:
    name = account.name
    # The endpoint last: it names the other two.
    await application.put_object(
        "auth", name, {"auth_type": "userpass", "username": name, "password": account.password}
    )
    await application.put_object(
        "aor",
        name,
        {
            "max_contacts": "1",
            "remove_existing": "yes",
            "qualify_frequency": str(qualify_s),
            "support_path": "no",
            # Asterisk lets every phone subscribe that can name the AoR, another tenant's too.
            "mailboxes": account.mailbox if message_subscriptions else "",
        },
    )
    await application.put_object(
        "endpoint",
        name,
        {
            **endpoint_fields,
            "context": "from-user",
            # P-Asserted-Identity tells a phone in the middle of a talk with whom it talks now.
            "send_pai": "yes",
            "auth": name,
            "aors": name,
            "callerid": account.caller_id,
            "disallow": "all",
            "allow": "alaw,ulaw,g722",
            "dtmf_mode": "rfc4733",
            "mailboxes": account.mailbox,
            # A phone that subscribes is told once, not twice.
            "mwi_subscribe_replaces_unsolicited": "yes",
            "subscribe_context": hints_context(account.tenant),
            # What whoever this phone puts on hold hears.
            "moh_suggest": music_class(account.tenant),
            "language": "ru",
        },
    )
