"""F19: `vats left resend`: mail that was refused or given up goes out once more, to the right address."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import vats
from engine.integrations.mail import again
from engine.integrations.mail.again import CannotResend
from engine.recordings import mailbox
from engine.settings import Settings
from engine.store.database import Database
from tests.mail.messages import NAME, directory, keep, mail_of, with_mail, worker
from tests.mail.post_office import ACCEPT, PostOffice
from tests.recordings.calls import HandClock

OTHER = "cell1-1.2.message.1"
NOBODY = "550 5.1.1 nobody of that name"


async def send_again(database: Database, *messages: str, now: int, **arguments: Any) -> Any:
    work = partial(again.send_again, messages=messages, now=now, **{"directory": directory(), **arguments})
    return await database.transaction(work)


async def test_refused_mail_goes_to_the_address_that_was_mended(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        ours = with_mail(settings, post.port)
        await keep(ours, database)
        post.at_recipient = NOBODY
        await worker(ours, database, clock).work()
        assert (await mail_of(database)).state == "refused"
        assert await database.transaction(again.failed_messages) == [NAME]
        assert await database.transaction(partial(again.failed_messages, tenant="lilia")) == []
        post.at_recipient = ACCEPT
        clock.now += 86_400_000
        mended = directory(users={"101": {"name": "Анна", "email": "anna@new.example"}})
        wanted = await send_again(database, NAME, now=clock.now, directory=mended)
        assert wanted == [(NAME, "anna@new.example")]
        assert await worker(ours, database, clock, mended).work() == 1
        row = await mail_of(database)
        assert (row.state, row.recipient, row.attempts, row.error) == ("sent", "anna@new.example", 1, None)
        assert row.created_at == clock.now, "it may be tried for as long as a new one"
        assert post.recipients == [["anna@new.example"]]
        assert await database.transaction(again.failed_messages) == []


async def test_one_that_was_sent_goes_again_only_to_a_named_address(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        ours = with_mail(settings, post.port)
        await keep(ours, database)
        await worker(ours, database, clock).work()
        with pytest.raises(CannotResend, match=r"was sent to anna@romashka\.example; .* --to"):
            await send_again(database, NAME, now=clock.now)
        await send_again(database, NAME, now=clock.now, to="boss@romashka.example")
        with pytest.raises(CannotResend, match=r"its mail to boss@romashka\.example is waiting"):
            await send_again(database, NAME, now=clock.now)
        assert await worker(ours, database, clock).work() == 1
        assert post.recipients == [["anna@romashka.example"], ["boss@romashka.example"]]


async def test_all_or_none_and_each_problem_is_named(settings: Settings, database: Database) -> None:
    clock = HandClock()
    await keep(settings, database)
    await keep(settings, database, "w", state="waiting")
    await keep(settings, database, "f", state="failed", error="no sound")
    await keep(settings, database, "d")
    await database.transaction(partial(mailbox.delete, messages=["d"], by="olga", at=clock.now))
    await keep(settings, database, "n", mailbox="102")
    await keep(settings, database, "u", mailbox="999")
    await keep(settings, database, "t", tenant="broken")
    with pytest.raises(CannotResend) as raised:
        await send_again(database, NAME, "w", "f", "d", "n", "u", "t", "x", now=clock.now)
    assert str(raised.value).splitlines() == [
        "w: not kept yet, try again in a few seconds",
        "f: could not be kept: no sound",
        "d: was deleted, by olga",
        "n: user 102 of romashka has no e-mail address; name one by --to",
        "u: romashka has no user 999 now; name an address by --to",
        "t: the file of the tenant broken cannot be read; name an address by --to",
        "x: no such message, see `vats left messages`",
    ]
    assert await database.transaction(again.failed_messages) == []
    with pytest.raises(CannotResend, match="“anna” is no e-mail address"):
        await send_again(database, NAME, now=clock.now, to="anna")
    # One that nobody has ever mailed, for it was too old or mail was not set.
    assert await send_again(database, NAME, now=clock.now) == [(NAME, "anna@romashka.example")]
    assert (await mail_of(database)).state == "waiting"


@pytest.fixture
def installed(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As the command reads it; with a tenant, and with mail."""
    tenants = tmp_path / "config" / "tenants"
    tenants.mkdir(parents=True)
    (tenants / "romashka.yaml").write_text(
        "tenant: romashka\ntitle: Ромашка\nusers: {'101': {name: Анна, email: anna@romashka.example}}\n"
    )
    configuration = tmp_path / "config" / "vats.yaml"
    configuration.write_text("mail: {host: 127.0.0.1, tls: none, from: vats@vats.example}\n")
    monkeypatch.setenv("VATS_CONFIG", str(configuration))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("VATS_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    return configuration


async def resend(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, vats, ["left", "resend", *arguments])


async def test_the_command(installed: Path, settings: Settings, database: Database) -> None:
    await keep(settings, database)
    await keep(settings, database, OTHER, mailbox="102")
    assert (await resend("--failed")).output == "no mail was refused or given up\n"
    for arguments in ((), (NAME, "--failed"), (NAME, "--tenant", "romashka")):
        assert (await resend(*arguments)).exit_code == 2
    for name in (NAME, OTHER):
        await send_again(database, name, now=1, to="wrong@romashka.example")
    async with PostOffice() as post:
        post.at_recipient = NOBODY
        await worker(with_mail(settings, post.port), database, HandClock()).work()
    done = await resend("--failed", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "message": NAME,
        "recipient": "anna@romashka.example",
        "mail": "waiting",
    }
    assert done.stderr == f"vats left: {OTHER}: romashka has no user 102 now; name an address by --to\n"
    done = await resend(OTHER, "--to", "petr@romashka.example")
    assert (done.exit_code, done.output) == (0, f"{OTHER}: will be sent to petr@romashka.example\n")
    installed.write_text("{}")
    done = await resend(NAME)
    assert (done.exit_code, done.stderr) == (
        1,
        f"vats left: no mail is sent: {installed} has no mail.host\n",
    )
