"""The switch's second witness: CEL as JSON lines, which goes on with no engine there."""

import json
from collections.abc import Callable

from tests.fake_switch.model import Channel


class EventLog:
    """`lines` are as `cel_custom` writes them; a test puts them into a file when somebody is to read it."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.lines: list[str] = []

    def write(self, kind: str, channel: Channel, **extra: object) -> None:
        now = self._now_ms()
        self.lines.append(
            json.dumps(
                {
                    "eventtype": kind,
                    "eventtime": f"{now // 1000}.{now % 1000:03d}000",
                    "uniqueid": channel.id,
                    "linkedid": channel.id.partition(".leg.")[0],
                    "channame": channel.name,
                    "num": channel.caller_number,
                    "name": channel.caller_name,
                    "exten": channel.extension,
                    "context": channel.context,
                    "eventextra": json.dumps(extra) if extra else "",
                }
            )
        )

    def bytes(self) -> bytes:
        return "".join(line + "\n" for line in self.lines).encode()
