"""Music on hold: a class `tenant-NAME` for every tenant, so that what a call or a phone names is there.

Lies in `VATS_HOME/run/music.conf`, which Asterisk's own musiconhold.conf takes in: so it has it after a
restart too, with no engine.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

HEAD = "; Written by the engine, of the tenants' music: changes here are lost.\n"


def music_class(tenant: str) -> str:
    """What Asterisk calls a tenant's music."""
    return f"tenant-{tenant}"


def queue_music_class(tenant: str, queue: str) -> str:
    """The same of a queue that has its own."""
    return f"tenant-{tenant}.{queue}"


def render_music(
    tenants: Mapping[str, Sequence[Path]],
    default: Path,
    queues: Mapping[tuple[str, str], Sequence[Path]] | None = None,
) -> str:
    """The classes as Asterisk reads them. `tenants`: pieces by tenant, paths without their ending; a tenant
    without any has the pieces of the folder `default`. `queues`: by tenant and queue; one without any pieces
    has no class.
    """
    text = HEAD
    for tenant, pieces in sorted(tenants.items()):
        text += f"\n[{music_class(tenant)}]\n"
        if pieces:
            text += "mode = playlist\n" + "".join(f"entry = {piece}\n" for piece in pieces)
        else:
            text += f"mode = files\ndirectory = {default}\n"
        text += "sort = random\n"
    for (tenant, queue), pieces in sorted((queues or {}).items()):
        if pieces:
            text += f"\n[{queue_music_class(tenant, queue)}]\nmode = playlist\n"
            text += "".join(f"entry = {piece}\n" for piece in pieces) + "sort = random\n"
    return text
