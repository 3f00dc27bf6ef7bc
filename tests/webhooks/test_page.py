"""F42: the page for receivers is what the code does; its program takes real events of ours."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from engine.cli.webhook import webhook
from engine.clock import SystemClock
from engine.directory.webhooks_page import webhooks_page
from engine.integrations.webhooks import worker as webhooks
from engine.records.notices import emit
from engine.secrets import secret
from engine.settings import Settings, load_settings
from engine.signed_requests.signature import secret_name
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.worker import directory_of
from tests.ports import free_ports

PAGE = Path(__file__).resolve().parents[2] / "docs" / "administrators" / "webhooks.md"


def test_the_page_is_up_to_date() -> None:
    command = "python -m engine.directory.webhooks_page docs/administrators/webhooks.md"
    assert PAGE.read_text() == webhooks_page(), f"run {command}"


class Receiver:
    """The whole receiver of the page, as it stands there, in a process of its own."""

    def __init__(self, folder: Path, settings: Settings, ca: trustme.CA) -> None:
        (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        (folder / "receiver.py").write_text(program)
        certificate = folder / "certificate.pem"
        issued = ca.issue_cert("localhost")
        certificate.write_bytes(
            issued.private_key_pem.bytes() + b"".join(one.bytes() for one in issued.cert_chain_pems)
        )
        secret(settings, secret_name("acme"))
        self.port = PORTS[0]
        key = settings.secrets_folder / secret_name("acme")
        self.output = folder / "output.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, folder / "receiver.py", "127.0.0.1", str(self.port), certificate, key],
                stdout=output,
                stderr=subprocess.DEVNULL,
            )

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


PORTS = free_ports(1)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ca: trustme.CA) -> Settings:
    config = tmp_path / "config"
    (config / "tenants").mkdir(parents=True)
    ca.cert_pem.write_to_path(str(config / "ca.pem"))
    (config / "vats.yaml").write_text("web_services: {allow: ['127.0.0.0/8'], ca_file: ca.pem}\n")
    (config / "tenants" / "acme.yaml").write_text(
        'tenant: acme\ntitle: A\nusers: {"101": {name: Anna}}\n'
        f'notices: {{crm: {{url: "https://localhost:{PORTS[0]}/"}}}}\n'
    )
    monkeypatch.setenv("VATS_CONFIG", str(config / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("VATS_DATABASE_URL", raising=False)
    (tmp_path / "var").mkdir()
    return load_settings(os.environ)


@pytest.fixture
def receiver(tmp_path: Path, settings: Settings, ca: trustme.CA) -> Iterator[Receiver]:
    made = Receiver(tmp_path, settings, ca)
    try:
        yield made
    finally:
        made.close()


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(webhook, arguments)
    return done.exit_code, done.output


async def _answers(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await asyncio.sleep(0.05)


async def test_the_receiver_of_the_page_takes_real_events(settings: Settings, receiver: Receiver) -> None:
    await _answers(receiver.port)
    database = Database(settings.database_url)
    await upgrade(database)
    sending = asyncio.create_task(webhooks.run(settings, database, SystemClock(), directory_of(settings)))
    try:
        for _ in range(2):  # the second one changes nothing
            await database.transaction(lambda one: emit(one, "acme", "rating.low", "c.1", 1000, {"mark": 2}))
        async with asyncio.timeout(20):
            while "rating.low" not in receiver.output.read_text():
                await asyncio.sleep(0.05)
        async with asyncio.timeout(20):
            while '"state": "sent"' not in (listed := (await asyncio.to_thread(run, "list", "--json"))[1]):
                await asyncio.sleep(0.05)
        assert '"kind": "rating.low"' in listed
        code, output = await asyncio.to_thread(run, "retry", "1")
        assert (code, output) == (0, "1 to crm: will be sent\n")
        async with asyncio.timeout(20):
            while '"state": "sent"' not in (await asyncio.to_thread(run, "list", "--json"))[1]:
                await asyncio.sleep(0.05)
        code, output = await asyncio.to_thread(run, "retry", "7")
        assert (code, "7: no such notice" in output) == (1, True)
        assert await asyncio.to_thread(run, "retry", "--failed") == (0, "nothing was refused or given up\n")
        assert (await asyncio.to_thread(run, "retry"))[0] == 2
        code, output = await asyncio.to_thread(run, "test", "acme")
        assert (code, output.startswith("crm: answered 204 within ")) == (0, True)
        assert receiver.output.read_text() == 'rating.low {"mark": 2}\ntest {}\n'
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await database.close()


async def test_the_test_tells_what_is_wrong(settings: Settings) -> None:
    code, output = await asyncio.to_thread(run, "test", "acme")
    assert (code, "vats webhook: crm: cannot be reached" in output) == (1, True)
    code, output = await asyncio.to_thread(run, "test", "acme", "crn")
    assert (code, output) == (1, "Error: unknown receiver crn, expected one of crm (did you mean crm?)\n")
    code, output = await asyncio.to_thread(run, "test", "acmi")
    assert (code, "unknown tenant acmi" in output) == (1, True)
