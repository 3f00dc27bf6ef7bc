"""The users' SIP accounts, one a device, in the switch's own store, which survives its restart.

Writing one is cheap; what Asterisk does about it is not: for each AoR it looks through all endpoints, 0.2 s
where there are a thousand. So only what differs is written, and of many accounts the endpoints come last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from engine.switch.ari.resources import Application
from engine.switch.errors import Gone, SwitchError
from engine.switch.lamps import hints_context
from engine.switch.music import music_class

log = structlog.get_logger(__name__)

AT_ONCE = 16
Fields = Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """`name` is the SIP user name, and the name of endpoint, AoR and auth alike."""

    name: str
    password: str
    caller_id: str  # "Анна Иванова" <101>
    tenant: str = ""
    mailbox: str = ""  # whose messages its light tells of: 101@romashka


@dataclass(frozen=True)
class AccountObjects:
    """What an account, or a mailbox, is in the switch. `auth` and `aor` are empty where it has none."""

    name: str
    endpoint: Fields
    auth: Fields
    aor: Fields


def objects_of(
    account: Account, endpoint_fields: Fields, qualify_s: int, *, message_subscriptions: bool = False
) -> AccountObjects:
    """`endpoint_fields` are what every endpoint has, `qualify_s` is how often a phone is asked whether it is
    there. With `message_subscriptions` any phone may SUBSCRIBE for the message light of any account.
    """
    name = account.name
    return AccountObjects(
        name,
        endpoint={
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
        auth={"auth_type": "userpass", "username": name, "password": account.password},
        aor={
            "max_contacts": "1",
            "remove_existing": "yes",
            "qualify_frequency": str(qualify_s),
            "support_path": "no",
            # Asterisk lets every phone subscribe that can name the AoR, another tenant's too.
            "mailboxes": account.mailbox if message_subscriptions else "",
        },
    )


async def push_accounts(application: Application, accounts: Iterable[AccountObjects]) -> set[str]:
    """Write these; the names of those that the switch has taken. One that it refuses is logged, the others go
    on.
    """

    async def first(account: AccountObjects) -> None:
        for kind, fields in (("auth", account.auth), ("aor", account.aor)):
            if fields:
                await application.put_object(kind, account.name, fields)

    async def last(account: AccountObjects) -> None:
        # It names the other two.
        await application.put_object("endpoint", account.name, account.endpoint)

    begun = await _each(accounts, first)
    return {account.name for account in await _each(begun, last)}


async def missing_accounts(application: Application, names: Iterable[str]) -> set[str]:
    """Which of them the switch does not have: another one, or one that lost them. Raises `SwitchError`."""
    return {name for name in names if not await application.has_object("endpoint", name)}


async def remove_account(application: Application, name: str) -> None:
    """Take a device's account away; one that is not there is as good."""
    for kind in ("endpoint", "aor", "auth"):
        try:
            await application.delete_object(kind, name)
        except Gone:
            continue


async def _each(
    accounts: Iterable[AccountObjects], push: Callable[[AccountObjects], Awaitable[None]]
) -> list[AccountObjects]:
    """Those that went well."""
    slots = asyncio.Semaphore(AT_ONCE)
    done: list[AccountObjects] = []

    async def one(account: AccountObjects) -> None:
        async with slots:
            try:
                await push(account)
            except SwitchError as error:
                log.error("account.refused", account=account.name, cause=str(error))
            else:
                done.append(account)

    async with asyncio.TaskGroup() as group:
        for account in accounts:
            group.create_task(one(account))
    return done
