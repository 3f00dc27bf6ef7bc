"""The line from the phone's process to the test."""

import ctypes
import json
import os
import time
from typing import Any

Message = dict[str, Any]
_C = ctypes.CDLL(None)


class Output:
    """It keeps the real stdout; the library's own prints go to stderr."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def send(self, message: Message) -> None:
        self._file.write(json.dumps(message, ensure_ascii=False) + "\n")

    def event(self, name: str, **details: Any) -> None:
        self.write_log()
        self.send({"event": name, "at_ms": time.time_ns() // 1_000_000, **details})

    def write_log(self) -> None:
        """The SIP log is a file of C's: its last 4 KB would not be there for who hears of an event."""
        _C.fflush(None)
