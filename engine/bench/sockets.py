"""UDP sockets whose packets carry the kernel's own stamp of when they came."""

import socket
import struct

_RECEIVE_BYTES = 4 * 1024 * 1024
_SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>: when the packet came, on the wall clock
_TIMESPEC = struct.Struct("@ll")
# Room for the stamp, in the second argument of `recvmsg`.
DETAILS_BYTES = 64


def stamped_socket(port: int = 0) -> socket.socket:
    """One of 127.0.0.1 that does not block; `port` 0 is any free one. Raises `OSError`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        made.bind(("127.0.0.1", port))
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def stamp(details: list[tuple[int, int, bytes]], now: int) -> int:
    """When the kernel received the packet, nanoseconds of the wall clock; `now` where it did not say."""
    for level, kind, data in details:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(data[: _TIMESPEC.size])
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return now
