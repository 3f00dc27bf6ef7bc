"""`vats secret`: tenants' keys, for their web services and for their encrypted recordings."""

import click

from engine.cli.tenants import directory_of, tenant_named
from engine.recordings.encryption import renew_key, show_key
from engine.secrets import renew, secret
from engine.settings import load_settings
from engine.signed_requests.signature import secret_name


@click.group("secret")
def secret_() -> None:
    """A tenant's keys: the one that requests to its web services are signed with, and those that open its
    encrypted recordings and voice messages.

    They lie in VATS_HOME/secrets, readable by the platform's own user alone.
    """


_recordings = click.option(
    "--recordings", is_flag=True, help="The keys of recordings and voice messages instead."
)


@secret_.command()
@click.argument("tenant")
@_recordings
def show(tenant: str, recordings: bool) -> None:
    """Print the key of TENANT, for its web service; it is made when it is first asked for.

    With --recordings the keys that open its recordings, the newest first: the tool `age` reads them as they
    are (`age -d -i KEYS FILE`). Keep a copy in a safe place: without them nobody can hear the recordings.
    """
    settings = load_settings()
    tenant_named(directory_of(settings), tenant)
    click.echo(show_key(settings, tenant) if recordings else secret(settings, secret_name(tenant)))


@secret_.command("renew")
@click.argument("tenant")
@_recordings
@click.option("--yes", is_flag=True, help="Confirm the action without prompting.")
def renew_(tenant: str, recordings: bool, yes: bool) -> None:
    """Put a new key in the place of TENANT's, and print it. The next request is signed with it.

    With --recordings the next recording is encrypted with it; the older keys stay, for what there is.
    """
    settings = load_settings()
    tenant_named(directory_of(settings), tenant)
    if recordings:
        click.echo(renew_key(settings, tenant))
        return
    if not yes:
        click.confirm("Requests with the new key fail until the web service knows it. Go on?", abort=True)
    click.echo(renew(settings, secret_name(tenant)))
