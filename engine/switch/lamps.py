"""Busy lamps: what phones may watch by SUBSCRIBE (RFC 4235), a context of hints for each tenant.

The hints lie in `VATS_HOME/run/hints.conf`, which Asterisk's dialplan takes in: so they are there after a
restart too, with no engine. What no telephone shows by itself is a device `Stasis:…`, set by ARI: Asterisk
keeps those in its own database.
"""

from collections.abc import Collection, Iterable, Mapping

from engine.switch.ari.resources import Application

HEAD = "; Written by the engine, of the tenants' people: changes here are lost.\n"
_OURS = ("Stasis:dnd-", "Stasis:park-", "Stasis:pause-")


def hints_context(tenant: str) -> str:
    """The context that a tenant's phones subscribe in: they see nobody else's."""
    return f"hints-{tenant}"


def dnd_device(tenant: str, extension: str) -> str:
    """Busy while this user does not want to be disturbed."""
    return f"Stasis:dnd-{tenant}-{extension}"


def pause_device(tenant: str, extension: str) -> str:
    """Busy while this user has paused in all his queues."""
    return f"Stasis:pause-{tenant}-{extension}"


def slot_device(tenant: str, slot: str) -> str:
    """In use while a call is parked there."""
    return f"Stasis:park-{tenant}-{slot}"


def render_hints(tenants: Mapping[str, Mapping[str, Collection[str]]]) -> str:
    """`tenants`: by name, the devices of each extension."""
    text = HEAD
    for tenant, extensions in sorted(tenants.items()):
        text += f"\n[{hints_context(tenant)}]\n"
        for extension, devices in sorted(extensions.items()):
            text += f"exten => {extension},hint,{'&'.join(devices)}\n"
    return text


async def set_devices(application: Application, busy: Iterable[str]) -> None:
    """Let exactly these devices of ours be busy. Raises `SwitchError`."""
    wanted = set(busy)
    present = await application.device_states()
    for name in wanted:
        if present.get(name) != "BUSY":
            await application.set_device_state(name, "BUSY")
    for name, state in present.items():
        if name.startswith(_OURS) and name not in wanted and state != "NOT_INUSE":
            # Told before it is forgotten: what only vanishes is told to nobody.
            await application.set_device_state(name, "NOT_INUSE")
