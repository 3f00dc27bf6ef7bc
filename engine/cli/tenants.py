"""Tenants as commands find them in the files."""

import sys

import click

from engine.directory import named
from engine.directory.directory import Directory, Tenant, User
from engine.directory.findings import errors
from engine.directory.loader import load_directory
from engine.directory.named import Unknown
from engine.settings import Settings, load_settings


def directory_of(settings: Settings) -> Directory:
    """What the files say. Wrong tenants are told and left out; the command ends with 1 where all are."""
    directory, findings, _ = load_directory(settings.tenants_folder, set(settings.trunks))
    for finding in errors(findings):
        click.echo(str(finding), err=True)
    if not directory.tenants and errors(findings):
        sys.exit(1)
    return directory


def tenant_named(directory: Directory, name: str) -> Tenant:
    """Ends the command where there is none, saying which there are."""
    try:
        return named.tenant_named(directory, name)
    except Unknown as error:
        raise click.ClickException(str(error)) from None


def user_named(directory: Directory, tenant: str, extension: str) -> User:
    """The same of a user."""
    try:
        return named.user_named(named.tenant_named(directory, tenant), extension)
    except Unknown as error:
        raise click.ClickException(str(error)) from None


def tell_if_unknown(name: str | None) -> None:
    """For an empty list: its tenant may be a slip of the pen. Those who are gone still have lists."""
    if name is None:
        return
    directory, _, _ = load_directory(load_settings().tenants_folder)
    try:
        named.tenant_named(directory, name)
    except Unknown as error:
        click.echo(str(error), err=True)
