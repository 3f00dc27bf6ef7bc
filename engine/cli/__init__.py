"""The command `vats`. Each subcommand is a module of this folder, imported only when it is asked for."""

import importlib
import importlib.util
import sys

import click

from engine.settings import SettingsError

# name → module:attribute, in the order that --help shows them.
COMMANDS = {
    "up": "engine.cli.up:up",
    "run": "engine.cli.run:run",
    "doctor": "engine.cli.doctor:doctor",
    "check": "engine.cli.check:check",
    "simulate": "engine.cli.simulate:simulate",
    "draw": "engine.cli.draw:draw",
    "scenario": "engine.cli.scenario:scenario",
    "apply": "engine.cli.apply:apply",
    "calls": "engine.cli.calls:calls",
    "call": "engine.cli.call:call",
    "transfer": "engine.cli.transfer:transfer",
    "hangup": "engine.cli.transfer:hangup",
    "queue": "engine.cli.queue_member:queue",
    "card": "engine.cli.card:card",
    "form": "engine.cli.form:form",
    "callback": "engine.cli.callback:callback",
    "booking": "engine.cli.booking:booking",
    "cdr": "engine.cli.cdr:cdr",
    "recording": "engine.cli.recording:recording",
    "left": "engine.cli.left:left",
    "report": "engine.cli.report:report",
    "client": "engine.cli.client:client",
    "task": "engine.cli.task:task",
    "rating": "engine.cli.rating:rating",
    "webhook": "engine.cli.webhook:webhook",
    "ticket": "engine.cli.ticket:ticket",
    "listening": "engine.cli.listening:listening",
    "user": "engine.cli.user_settings:user",
    "number": "engine.cli.number:number",
    "schedule": "engine.cli.schedule:schedule",
    "prompt": "engine.cli.prompt:prompt",
    "secret": "engine.cli.secret:secret_",
    "package": "engine.cli.package:package",
    "db": "engine.cli.db:db",
    "bench": "engine.cli.bench:bench",
}


class LazyGroup(click.Group):
    """Finds its commands by name, so that one that cannot be imported does not break the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, path in COMMANDS.items() if _exists(path)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = COMMANDS.get(cmd_name)
        if path is None or not _exists(path):
            return None
        module, _, attribute = path.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found


def _exists(path: str) -> bool:
    return importlib.util.find_spec(path.partition(":")[0]) is not None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vats", prog_name="vats")
def vats() -> None:
    """An open hosted virtual PBX.

    The state folder is VATS_HOME (default: var/ beside config/), the settings file VATS_CONFIG
    (default: config/vats.yaml), the database VATS_DATABASE_URL (default: a file in VATS_HOME).
    """


def main() -> None:
    """Entry point. An error of the settings is a message and exit code 1, not a traceback."""
    try:
        vats(prog_name="vats")
    except SettingsError as error:
        click.echo(f"vats: {error}", err=True)
        sys.exit(1)
