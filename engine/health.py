"""Does a process of the product answer? Asked from outside, by what it is there for."""

import asyncio
import contextlib
import time
from pathlib import Path

import httpx

from engine.fallback import agi_health
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.secrets import existing_secret
from engine.settings import Settings, SettingsError

_TIME_LIMIT = 3.0


async def complaint(settings: Settings, name: str) -> str:
    """What is wrong with `asterisk`, `engine`, `worker`, `web`, `fallback`, or `ami`; empty when it answers.

    Takes three seconds at most.
    """
    try:
        async with asyncio.timeout(_TIME_LIMIT):
            match name:
                case "asterisk":
                    return await _asterisk(settings)
                case "engine":
                    await EngineClient(settings, _TIME_LIMIT).call("ping")
                    return replaced(settings, name)
                case "web":
                    return await _web(settings)
                case "ami":
                    return await _ami(settings)
                case "fallback":
                    return await agi_health.complaint(settings.ports.agi)
                case _:
                    return ""
    except TimeoutError:
        return f"no answer within {_TIME_LIMIT:.0f} s"
    except (httpx.HTTPError, OSError, EOFError, EngineAway, OperationFailed, SettingsError) as error:
        return "; ".join(filter(None, (str(error) or type(error).__name__, replaced(settings, name))))


def replaced_mark(settings: Settings) -> Path:
    """Is there while another engine has taken our Asterisk over; kept by the supervisor."""
    return settings.run_folder / "engine.replaced"


def replaced(settings: Settings, name: str) -> str:
    """What to say about the engine when another one has taken its place; else empty."""
    if name != "engine" or not replaced_mark(settings).exists():
        return ""
    return "another engine has connected to this Asterisk and serves its calls: stop one of the two"


async def ari_ping(settings: Settings) -> float:
    """A real round trip through Asterisk by the fallback's account; returns its seconds.

    Raises `httpx.HTTPError` when there is no answer or not the right one.
    """
    begun = time.monotonic()
    auth = ("fallback", existing_secret(settings, "ari-fallback"))
    async with httpx.AsyncClient(timeout=_TIME_LIMIT, trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{settings.ports.ari}/ari/asterisk/ping", auth=auth)
        answer.raise_for_status()
    return time.monotonic() - begun


async def _asterisk(settings: Settings) -> str:
    await ari_ping(settings)
    return ""


async def _web(settings: Settings) -> str:
    async with httpx.AsyncClient(timeout=_TIME_LIMIT, trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{settings.ports.web}/healthz")
    return "" if answer.status_code == 200 else f"/healthz says {answer.status_code}: {answer.text[:200]}"


async def _ami(settings: Settings) -> str:
    """Log in and ask for an answer, with no library between: three lines."""
    reader, writer = await asyncio.open_connection("127.0.0.1", settings.ports.ami)
    try:
        login = {
            "Action": "Login",
            "Username": "vats",
            "Secret": existing_secret(settings, "ami"),
            "Events": "off",
        }
        for action in (login, {"Action": "Ping"}):
            writer.write("".join(f"{key}: {value}\r\n" for key, value in action.items()).encode() + b"\r\n")
            answer = await reader.readuntil(b"\r\n\r\n")
            if b"Response: Success" not in answer:
                return f"{action['Action']} is refused: {answer.decode(errors='replace').strip()}"
        return ""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
