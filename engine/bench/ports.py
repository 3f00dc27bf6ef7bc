"""Free ports of 127.0.0.1 for instances that run beside whatever runs already."""

import socket
from contextlib import ExitStack

# Below the system's own range, so that nobody's outgoing connection takes one meanwhile.
_RTP_FROM, _RTP_BELOW = 10_000, 32_000


def free_ports(number: int) -> list[int]:
    """Ports that nobody uses now, neither by TCP nor by UDP; different from each other."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < number:
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            ports.append(tcp.getsockname()[1])
    return ports


def free_rtp_ranges(number: int, length: int) -> list[int]:
    """The first ports (even) of `number` ranges of `length` UDP ports, none in use. Raises `OSError`."""
    found: list[int] = []
    free = 0
    for port in range(_RTP_FROM, _RTP_BELOW):
        free = free + 1 if _is_free(port) else 0
        if free == length and (port + 1 - length) % 2 == 0:
            found.append(port + 1 - length)
            free = 0
        elif free == length:
            free -= 1
        if len(found) == number:
            return found
    raise OSError(f"fewer than {number} times {length} UDP ports in a row are free below {_RTP_BELOW}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
