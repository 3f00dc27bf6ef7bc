"""The AGI server: a process of its own that forks one for each call, since pyst2 needs a main thread.

It holds no state. What a call rings is asked of the fallback process over its socket, which also journals it
from the switch's event log; when that cannot be reached, the dialplan dials by itself.
"""

import contextlib
import json
import os
import signal
import socket
import socketserver
import sys
import time
from pathlib import Path
from typing import Any

from engine.log_files import followed
from engine.switch.agi import AgiCall
from engine.switch.errors import SwitchError

IS_ALIVE, ALIVE = b"alive?\n", b"alive\n"  # asked by the fallback process, and by whoever looks at its health
READY = b"ready\n"
_ANSWER_S = 3.0  # how long the fallback process may take
_log_file = followed()
_BIND_S = 5.0  # how long a predecessor may hold the port
_KEEP_TRYING_S = 50.0  # those who are busy or do not answer
_PAUSE_S = 2  # and before the next time
_OPTIONS_RINGING = "r"  # the caller hears ringing from the start
_OPTIONS_TALKED_TO = "m"  # a caller who was answered before hears music


def ask(path: Path, operation: str, arguments: dict[str, object]) -> dict[str, Any]:
    """One operation of the fallback process. Raises `OSError` or `ValueError` for want of a good answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_S)
        connection.connect(str(path))
        connection.sendall(json.dumps({"operation": operation, "arguments": arguments}).encode() + b"\n")
        with connection.makefile("rb") as reader:
            answer = json.loads(reader.readline())
    if not answer["ok"]:
        raise ValueError(answer["error"])
    result: dict[str, Any] = answer["result"]
    return result


def serve_call(connection: socket.socket, path: Path) -> None:
    """Carry one call until it has been answered and is over, or nobody is left to ring."""
    with (
        connection.makefile("r", encoding="utf-8", errors="replace", newline="\n") as reader,
        connection.makefile("w", encoding="utf-8", newline="\n") as writer,
    ):
        call = AgiCall(reader, writer)
        trunk, number = (*call.arguments, "", "")[:2]
        plan = ask(
            path,
            "begins",
            {
                "call_id": call.unique_id,
                "number": number,
                "caller": call.caller,
                "caller_name": call.caller_name,
                "channel": call.channel,
                "trunk": trunk,
                "started_at": _milliseconds(call.variable("CDR(start,u)")),
            },
        )
        if plan["cause"]:
            call.hang_up(plan["cause"])
            return
        if plan["caller_id"]:
            call.set_variable("CALLERID(num)", plan["caller_id"])
        _ring(call, plan["stages"])


def _ring(call: AgiCall, stages: list[dict[str, Any]]) -> None:
    """Each in turn, and all over again while somebody is there: he may be free before the engine is back."""
    end = time.monotonic() + _KEEP_TRYING_S
    while True:
        there = False
        for stage in stages:
            up = call.variable("CHANNEL(state)") == "Up"
            status = call.dial(
                stage["dial"], stage["seconds"], _OPTIONS_TALKED_TO if up else _OPTIONS_RINGING
            )
            if status in ("ANSWER", "CANCEL", ""):
                return
            there = there or status in ("BUSY", "NOANSWER")
        if not there or time.monotonic() > end or not call.wait(_PAUSE_S):
            return


def _milliseconds(seconds: str) -> int | None:
    """UTC milliseconds of `1795301976.051063`; None for what is no time."""
    try:
        return round(float(seconds) * 1000) or None
    except ValueError:
        return None


class _Handler(socketserver.BaseRequestHandler):
    server: "AgiServer"

    def handle(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Else our copy would keep the port, and whoever waits there, when the server itself is killed.
        self.server.socket.close()
        try:
            self.request.settimeout(_ANSWER_S)
            beginning = self.request.recv(len(IS_ALIVE), socket.MSG_PEEK)
            if not beginning:
                return  # somebody wanted to know whether we listen
            if beginning == IS_ALIVE:
                self.request.sendall(ALIVE)
                return
            self.request.settimeout(None)
            serve_call(self.request, self.server.path)
        except (SwitchError, OSError, ValueError, KeyError) as error:
            _say("agi.failed", error=repr(error))


class AgiServer(socketserver.ForkingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    max_children = 1000
    block_on_close = False

    def __init__(self, port: int, path: Path) -> None:
        self.path = path
        self._parent = os.getppid()
        super().__init__(("127.0.0.1", port), _Handler)

    def service_actions(self) -> None:
        """Twice a second: collect children; end when our parent has ended."""
        super().service_actions()
        if os.getppid() != self._parent:
            raise SystemExit(0)

    def end_calls(self) -> None:
        """End the children. Their calls go on in Asterisk, which carries them anyway."""
        for child in self.active_children or ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        self.block_on_close = True


def _say(event: str, **what: object) -> None:
    if _log_file is not None:
        _log_file.follow()
    print(json.dumps({"event": event, **what}), file=sys.stderr, flush=True)


def _bound(port: int, path: Path) -> AgiServer:
    end = time.monotonic() + _BIND_S
    while True:
        try:
            return AgiServer(port, path)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def main(port: int, path: Path) -> int:
    """Serve until SIGTERM, or until the process that started us has ended."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = _bound(port, path)
    except OSError as error:
        _say("agi.no_port", port=port, error=str(error))
        return 1
    with server:
        print(READY.decode().rstrip(), flush=True)
        try:
            server.serve_forever(poll_interval=0.5)
        finally:
            server.end_calls()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
