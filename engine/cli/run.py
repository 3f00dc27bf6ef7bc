"""`vats run NAME`: one process of the product in the foreground."""

import importlib
import os
import sys

import click

from engine.logs import configure
from engine.secrets import make_all
from engine.settings import Settings, load_settings
from engine.switch.configuration import asterisk_user, command, render

# name → module that holds `main(settings) -> int`
PROCESSES = {
    "engine": "engine.app",
    "worker": "engine.worker",
    "web": "engine.web",
    "fallback": "engine.fallback",
}


@click.command()
@click.argument("name", type=click.Choice(["asterisk", *PROCESSES, "demo"]))
def run(name: str) -> None:
    """Run one process in the foreground, as systemd does; or place the demo call to what runs.

    It ends cleanly on SIGTERM and SIGINT; the exit code is its own.
    """
    settings = load_settings()
    make_all(settings)
    if name == "asterisk":
        become_asterisk(settings)
    if name == "demo":
        sys.exit(importlib.import_module("engine.cli.demo").run_demo(settings))
    configure(name)
    sys.exit(importlib.import_module(PROCESSES[name]).main(settings))


def become_asterisk(settings: Settings) -> None:
    """Replace this process by Asterisk, as its unprivileged user when we are root."""
    render(settings)
    line = command(settings, "-f", "-n")
    user = asterisk_user(settings)
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.execv(line[0], line)
