"""`vats user`: who has which extension, and what his telephone logs in with."""

import json

import click

from engine.cli.tenants import directory_of, tenant_named, user_named
from engine.directory.directory import User
from engine.secrets import secret
from engine.settings import load_settings


@click.group()
def user() -> None:
    """People with an extension, and the SIP logins of their telephones."""


@user.command("list")
@click.argument("tenant", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_users(tenant: str | None, as_json: bool) -> None:
    """All users, or those of one TENANT."""
    directory = directory_of(load_settings())
    if tenant is not None:
        tenant_named(directory, tenant)
    for one in directory.users():
        if tenant is None or one.tenant == tenant:
            _print(_row(one), as_json)


@user.command("show")
@click.argument("tenant")
@click.argument("extension")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a SIP account, one a line.")
def show_user(tenant: str, extension: str, as_json: bool) -> None:
    """What the telephones of the user with EXTENSION log in with: one SIP account a device.

    The password is generated when it is first asked for.
    """
    settings = load_settings()
    found = user_named(directory_of(settings), tenant, extension)
    for device, account in zip(found.devices, found.accounts(), strict=True):
        login = {
            "tenant": found.tenant,
            "extension": found.extension,
            "name": found.name,
            "device": device,
            "server": settings.listen,
            "port": settings.ports.sip,
            "transport": "udp",
            "username": account,
            "password": secret(settings, f"sip-{account}"),
        }
        _print(login, as_json)


def _print(row: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    for name, value in row.items():
        click.echo(f"{name:>10}: {', '.join(value) if isinstance(value, list) else value}")
    click.echo()


def _row(one: User) -> dict[str, object]:
    return {
        "tenant": one.tenant,
        "extension": one.extension,
        "name": one.name,
        "email": one.email,
        "mobile": one.mobile,
        "accounts": one.accounts(),
    }
