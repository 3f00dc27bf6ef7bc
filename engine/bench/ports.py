"""Free ports of 127.0.0.1 for instances that run beside whatever runs already."""

import random
import socket
from itertools import islice

# Below the system's own range, so that nobody's outgoing connection takes one meanwhile.
_FROM, _RTP_FROM, _RTP_BELOW = 4_000, 10_000, 32_000


def free_ports(number: int) -> list[int]:
    """Ports that nobody uses now, neither by TCP nor by UDP; different from each other. Raises `OSError`."""
    ports = list(range(_FROM, _RTP_FROM))
    random.shuffle(ports)
    found = list(islice(filter(is_free, ports), number))
    if len(found) < number:
        raise OSError(f"fewer than {number} ports are free between {_FROM} and {_RTP_FROM}")
    return found


def free_rtp_ranges(number: int, length: int) -> list[int]:
    """The first ports (even) of `number` ranges of `length` UDP ports, none in use. Raises `OSError`."""
    found: list[int] = []
    free = 0
    for port in range(_RTP_FROM, _RTP_BELOW):
        free = free + 1 if is_free(port, socket.SOCK_DGRAM) else 0
        if free == length and (port + 1 - length) % 2 == 0:
            found.append(port + 1 - length)
            free = 0
        elif free == length:
            free -= 1
        if len(found) == number:
            return found
    raise OSError(f"fewer than {number} times {length} UDP ports in a row are free below {_RTP_BELOW}")


def is_free(port: int, *kinds: socket.SocketKind) -> bool:
    """Whether nobody uses it, neither by TCP nor by UDP, or by these kinds alone."""
    for kind in kinds or (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
