"""Does the AGI server answer? A stopped one still has its calls accepted, by the kernel, and answers none."""

import asyncio
import contextlib

from engine.fallback.agi_server import ALIVE, IS_ALIVE

ANSWER_S = 3.0


async def complaint(port: int) -> str:
    """What is wrong with the AGI server on this port; empty when it answers within three seconds."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(IS_ALIVE)
                answer = await reader.readexactly(len(ALIVE))
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        return f"no answer on 127.0.0.1:{port} within {ANSWER_S:.0f} s"
    except asyncio.IncompleteReadError:
        return f"no answer on 127.0.0.1:{port}: the connection was closed"
    except OSError as error:
        return f"nobody listens on 127.0.0.1:{port}: {error.strerror}"
    return "" if answer == ALIVE else f"another program answers on 127.0.0.1:{port}"
