"""A process that answers `ping` as an engine does: `fake_engine.py engine SOCKET PID_FILE`."""

import asyncio
import os
import sys
from pathlib import Path

from engine.operations import serve


def write_pid(path: Path) -> None:
    path.write_text(f"{os.getpid()}\n")


async def main(socket: Path, pid_file: Path) -> None:
    async def ping() -> dict[str, str]:
        return {"switch": "up"}

    await serve(socket, {"ping": ping})
    write_pid(pid_file)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[2]), Path(sys.argv[3])))
