"""F19: the real worker process sends what was kept, is killed in the middle, and the commands tell."""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from ruamel.yaml import YAML
from sqlalchemy import update

from engine.clock import SystemClock
from engine.settings import load_settings
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.store.tables import message_mail
from tests.instance import Instance
from tests.mail.messages import NAME, keep, mail_of, message_of
from tests.mail.post_office import ACCEPT, HANG, TAKE_AND_HANG, PostOffice

TENANT = {
    "tenant": "romashka",
    "title": "ООО «Ромашка»",
    "users": {"101": {"name": "Анна Иванова", "email": "anna@romashka.example"}},
}


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within 30 s: {what}")


def server_certificate(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return context


@asynccontextmanager
async def installation(folder: Path, **mail: object) -> AsyncIterator[tuple[Instance, Database]]:
    """With the database made, and one message that is kept since a moment."""
    with Instance(folder, mail=mail) as instance:
        with (folder / "tenants" / "romashka.yaml").open("w") as file:
            YAML(typ="safe").dump(TENANT, file)
        settings = load_settings(instance.environment)
        database = Database(settings.database_url)
        try:
            await upgrade(database)
            now = SystemClock().wall_ms()
            await keep(settings, database, left_at=now - 10_000, finished_at=now)
            yield instance, database
        finally:
            await database.close()


async def vats(instance: Instance, *arguments: str) -> "subprocess.CompletedProcess[str]":
    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "engine.cli", *arguments],
            env=instance.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return await asyncio.to_thread(run)


async def listed(instance: Instance) -> dict[str, Any]:
    done = await vats(instance, "left", "messages", "--json")
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


async def test_a_worker_killed_between_sending_and_noting_sends_the_same_mail_again(
    tmp_path: Path, ca: trustme.CA
) -> None:
    """At least once: the server has it, nobody noted it. By STARTTLS, with a password."""
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with PostOffice(server_certificate(ca), "right") as post:
        mail = {
            "host": "127.0.0.1", "port": post.port, "from": "vats@vats.example", "tls": "starttls",
            "ca_file": str(tmp_path / "ca.pem"), "username": "vats", "password_file": "post",
        }  # fmt: skip
        async with installation(tmp_path, **mail) as (instance, database):
            (instance.settings.secrets_folder / "post").write_text("right\n")
            post.at_end = TAKE_AND_HANG
            worker = instance.start("worker")
            await until(post.taken.is_set, f"the server has it: {instance.log('worker')}")
            worker.kill()
            worker.wait(10)
            row = await mail_of(database)
            assert (row.state, row.attempts) == ("waiting", 1), "counted before it was made"

            post.at_end = ACCEPT
            instance.start("worker")
            await until(lambda: instance.log("worker").count("worker.started") == 2, "it runs again")
            assert len(post.letters) == 1, "not before the pause is over"
            # A minute later.
            await database.transaction(
                lambda connection: connection.execute(
                    update(message_mail).values(next_attempt_at=row.next_attempt_at - 60_000)
                )
            )
            await until(lambda: len(post.letters) == 2, f"sent again: {instance.log('worker')}")
            assert len({letter["Message-ID"] for letter in post.letters}) == 1
            await until(lambda: "mail.sent" in instance.log("worker"), "and noted")
            found = await listed(instance)
            assert (found["mail"], found["mail_to"], found["mail_attempts"], found["mail_error"]) == (
                "sent", "anna@romashka.example", 2, None,
            )  # fmt: skip
            assert found["mail_finished_at"].endswith("Z")


async def test_refused_mail_is_shown_everywhere_and_the_commands_do_as_they_say(tmp_path: Path) -> None:
    async with PostOffice() as post:
        post.at_recipient = "550 5.1.1 nobody of that name"
        mail = {"host": "127.0.0.1", "port": post.port, "from": "vats@vats.example", "tls": "none"}
        async with installation(tmp_path, **mail) as (instance, database):
            doctor = await vats(instance, "doctor")
            assert f"127.0.0.1:{post.port} lets us in" in doctor.stdout
            instance.start("worker")
            await until(lambda: "mail.not_sent" in instance.log("worker"), "refused")
            found = await listed(instance)
            assert (found["mail"], found["mail_error"]) == ("refused", "550 5.1.1 nobody of that name")
            assert "refused" in (await vats(instance, "left", "messages")).stdout

            instance.start("web")
            base = f"http://127.0.0.1:{instance.settings.ports.web}"
            async with httpx.AsyncClient(base_url=base, timeout=10, trust_env=False) as client:
                for _ in range(500):
                    try:
                        metrics = (await client.get("/metrics")).text
                        break
                    except httpx.ConnectError:
                        await asyncio.sleep(0.02)
            assert "vats_mails_waiting 0.0" in metrics
            assert "vats_tasks_late 0.0" in metrics
            assert "vats_notices_waiting 0.0" in metrics
            assert "vats_mails_failed 1.0" in metrics

            file = Path((await vats(instance, "left", "play", NAME, "--path")).stdout.strip())
            assert file.read_bytes()[:4] == b"RIFF"
            assert (await vats(instance, "left", "heard", NAME)).stdout == f"{NAME}: heard\n"
            assert (await listed(instance))["heard_at"] is not None
            assert (await vats(instance, "left", "heard", "--not", NAME)).returncode == 0
            assert (await listed(instance))["heard_at"] is None

            wrong = await vats(instance, "left", "delete", NAME, "nothing")
            assert (wrong.returncode, wrong.stdout) == (1, "")
            assert wrong.stderr == "vats left: nothing: no such message, see `vats left messages`\n"
            assert file.exists()
            done = await vats(instance, "left", "delete", "--json", NAME)
            assert json.loads(done.stdout) == {"message": NAME, "state": "deleted"}
            assert not file.exists()
            row = await message_of(database)
            assert (row.state, row.path) == ("deleted", None)
            assert row.deleted_by
            for command in ("heard", "delete", "play"):
                again = await vats(instance, "left", command, NAME)
                assert again.returncode == 1
                assert f"{NAME}: was deleted before, by {row.deleted_by}" in again.stderr
            assert (await listed(instance))["state"] == "deleted"


@pytest.mark.parametrize("away", [True, False])
async def test_a_mail_server_that_is_away_or_not_set_is_told(tmp_path: Path, away: bool) -> None:
    async with PostOffice() as post:
        pass
    mail = {"host": "127.0.0.1", "port": post.port, "from": "vats@vats.example", "tls": "none"}
    async with installation(tmp_path, **(mail if away else {})) as (instance, _):
        lines = (await vats(instance, "doctor", "--json")).stdout.splitlines()
        (found,) = [one for one in map(json.loads, lines) if one["check"] == "mail"]
        if away:
            assert found["status"] == "FAIL"
            assert f"127.0.0.1:{post.port}" in found["message"]
            return
        assert found["status"] == "OK"
        assert "no message is sent by e-mail" in found["message"]
        worker = instance.start("worker")
        await until(lambda: "mail.not_set" in instance.log("worker"), "it is said")
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 10) == 0
        assert instance.log("worker").count("mail.not_set") == 1


async def test_a_worker_ends_soon_while_the_mail_server_hangs(tmp_path: Path) -> None:
    async with PostOffice() as post:
        post.at_recipient = HANG
        mail = {"host": "127.0.0.1", "port": post.port, "from": "vats@vats.example", "tls": "none"}
        async with installation(tmp_path, **mail) as (instance, database):
            worker = instance.start("worker")
            await until(lambda: post.connections == 1, "it has come")
            worker.terminate()
            assert await asyncio.to_thread(worker.wait, 30) == 0
            assert (await mail_of(database)).state == "waiting"
