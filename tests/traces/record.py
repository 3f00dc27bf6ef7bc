"""Record how a real Asterisk behaves: `python -m tests.traces.record [FLOW…]` writes FLOW.jsonl here.

`VATS_ASTERISK_ROOT` names the root folder that holds Asterisk 22.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

from websockets.asyncio.client import connect

import tests.traces.flows_talk
import tests.traces.flows_transfer  # noqa: F401 (they add to FLOWS)
from tests.traces.asterisk import running_asterisk
from tests.traces.flows import FLOWS
from tests.traces.lab import Lab
from tests.traces.phone import Phone

FOLDER = Path(__file__).parent
PHONES = ("romashka-101-desk", "romashka-102-desk")


async def record(names: list[str], folder: Path = FOLDER) -> None:
    """Run the named flows one after the other on one Asterisk."""
    trunk, phones = Phone("79031112233"), {name: Phone(name) for name in PHONES}
    for phone in (trunk, *phones.values()):
        await phone.open()
    ports: dict[str, int | None] = {name: phone.port for name, phone in phones.items()}
    async with running_asterisk({**ports, "romashka-103-desk": None}) as asterisk:
        for name in names:
            async with connect(asterisk.url(), max_size=None) as socket:
                lab = Lab(socket, asterisk, trunk, phones)
                for phone in (trunk, *phones.values()):
                    phone.on_message = lab.sip
                    phone.on_invite = lambda dialog, phone=phone: phone.respond(dialog, 180, "Ringing")
                    while not phone.invites.empty():
                        phone.invites.get_nowait()
                reader = asyncio.create_task(lab.read())
                try:
                    await FLOWS[name](lab)
                    await lab.quiet()
                    left = await lab.ask("GET", "/channels")
                    bridges = await lab.ask("GET", "/bridges")
                    names = [channel["id"] for channel in left.body]
                    print(f"{name}: {len(lab.lines)} lines, left {names} {len(bridges.body)}")
                    for channel in left.body:
                        await lab.ask("DELETE", f"/channels/{channel['id']}")
                    for bridge in bridges.body:
                        await lab.ask("DELETE", f"/bridges/{bridge['id']}")
                    await lab.quiet(0.3)
                except Exception as error:
                    print(f"{name}: {type(error).__name__}: {error}")
                finally:
                    lab.write(folder / f"{name}.jsonl")
                    reader.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await reader
    for phone in (trunk, *phones.values()):
        phone.close()


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or list(FLOWS)))
