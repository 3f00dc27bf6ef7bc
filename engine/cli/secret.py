"""`vats secret`: the keys that customers' web services know our requests by."""

import click

from engine.directory.findings import errors, one_of
from engine.directory.loader import load_directory
from engine.scenarios.web_service.signature import secret_name
from engine.secrets import renew, secret
from engine.settings import Settings, load_settings


@click.group("secret")
def secret_() -> None:
    """Keys that requests to customers' web services are signed with, one a tenant.

    They lie in VATS_HOME/secrets, readable by the platform's own user alone.
    """


@secret_.command()
@click.argument("tenant")
def show(tenant: str) -> None:
    """Print the key of TENANT, for its web service; it is made when it is first asked for."""
    settings = load_settings()
    _known(settings, tenant)
    click.echo(secret(settings, secret_name(tenant)))


@secret_.command("renew")
@click.argument("tenant")
@click.confirmation_option(prompt="Requests with the new key fail until the web service knows it. Go on?")
def renew_(tenant: str) -> None:
    """Put a new key in the place of TENANT's, and print it. The next request is signed with it."""
    settings = load_settings()
    _known(settings, tenant)
    click.echo(renew(settings, secret_name(tenant)))


def _known(settings: Settings, tenant: str) -> None:
    directory, findings, _ = load_directory(settings.tenants_folder, set(settings.trunks))
    if directory.tenant(tenant) is not None:
        return
    for finding in errors(findings):
        click.echo(str(finding), err=True)
    raise click.ClickException(f"unknown tenant {tenant}, expected {one_of(directory.tenants, tenant)}")
