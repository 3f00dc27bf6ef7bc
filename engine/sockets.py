"""Which addresses are listened on, and by which process; read from /proc, so Linux only."""

import contextlib
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.settings import Settings

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TABLES = (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07"))


@dataclass(frozen=True)
class Listener:
    protocol: str  # tcp or udp
    address: str
    port: int
    inode: int

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback


def listeners() -> list[Listener]:
    """All TCP sockets that listen and all UDP sockets that are not connected."""
    found = []
    for table, state in _TABLES:
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == state:
                    address, port = fields[1].split(":")
                    found.append(Listener(table[:3], _address(address), int(port, 16), int(fields[9])))
    return found


def exposed(settings: Settings, pids: Iterable[int]) -> list[Listener]:
    """What these processes listen on beyond loopback and the address that the settings name.

    A UDP socket on a port that the system chose belongs to a client (PJSIP's own name look-ups keep one open
    for each address family): it waits for answers, nobody is told its port.
    """
    own = inodes(pids)
    ports = settings.ports
    low, high = (int(part) for part in _EPHEMERAL.read_text().split())
    known = {ports.sip, *range(ports.rtp_from, ports.rtp_to + 1)}
    return [
        each
        for each in listeners()
        if each.inode in own
        and not each.loopback
        and settings.listen not in (each.address, "0.0.0.0", "::")
        and not (each.protocol == "udp" and low <= each.port <= high and each.port not in known)
    ]


def inodes(pids: Iterable[int]) -> set[int]:
    """The sockets that these processes and those of their sessions hold, as far as we may see."""
    found = set()
    for pid in _sessions(pids):
        with contextlib.suppress(OSError):
            for descriptor in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(descriptor.path)
                    if target.startswith("socket:["):
                        found.add(int(target[8:-1]))
    return found


def _sessions(leaders: Iterable[int]) -> set[int]:
    """The processes whose sessions these pids lead, and the pids themselves."""
    led = set(leaders)
    found = set(led)
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) in led:
                    found.add(int(entry.name))
    return found


def _address(text: str) -> str:
    """The kernel writes 32-bit words in the machine's own order."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
