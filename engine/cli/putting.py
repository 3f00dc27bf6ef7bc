"""What `vats apply` and `vats scenario rollback` share: put files in place, wait until calls take them."""

import asyncio
import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.directory.document import read_document
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.scenarios.placing import place, tenant_of
from engine.scenarios.versions import Author, Versions, content_digest, text_digest
from engine.settings import Settings

_POLL_S = 0.1


class NotLive(Exception):
    """The files lie in place and the engine has not taken them; the message says why."""


def login_name() -> str:
    """Who types this; behind sudo, who did so."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def put(settings: Settings, files: Mapping[Path, bytes], by: str, cause: str) -> None:
    """Put all files in place or none, noting whose change of scenarios it is. Raises `OSError`."""
    versions = Versions(settings.versions_folder)
    for path, content in files.items():
        if path.parent.parent == settings.scenarios_folder and path.suffix == ".yaml":
            text = content.decode("utf-8", "replace")
            versions.note_author(path.parent.name, path.stem, text, Author(by, cause))
    place(settings, files)


async def wait_until_live(settings: Settings, files: Mapping[Path, bytes], seconds: float) -> float | None:
    """Seconds until new calls take these files; None where no engine runs. Raises `NotLive`."""
    client, loop = EngineClient(settings), asyncio.get_running_loop()
    began = loop.time()
    waits = ""
    while True:
        try:
            live = await client.call("live")
            waits = next((str(path) for path in files if not _is_live(settings, live, path, files[path])), "")
            if not waits:
                return loop.time() - began
            if loop.time() - began > seconds:
                findings = (await client.call("status"))["findings"]
                raise NotLive("; ".join([f"{waits} is not live after {seconds:g} s", *findings]))
        except (EngineAway, OperationFailed) as error:
            if not settings.engine_socket.exists():
                return None
            if loop.time() - began > seconds:
                raise NotLive(f"the engine does not answer: {error}") from error
        await asyncio.sleep(_POLL_S)


def _is_live(settings: Settings, live: Mapping[str, Mapping[str, Any]], path: Path, content: bytes) -> bool:
    if path.suffix != ".yaml" or path.name == "tests.yaml":
        return True  # sounds: the scenarios that play them tell
    if path.parent == settings.tenants_folder:
        data = read_document(path, content).data
        return live["tenants"].get(path.stem) == content_digest(data)
    found = live["scenarios"].get(f"{tenant_of(settings, path)}/{path.stem}")
    return isinstance(found, dict) and found["text_digest"] == text_digest(content)
