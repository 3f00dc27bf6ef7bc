"""F19: mail is retried with growing pauses, never sent twice knowingly, and refused only once."""

import ssl
from functools import partial
from typing import Any

import pytest
import trustme
from sqlalchemy.exc import OperationalError

from engine.integrations.mail import outbox
from engine.integrations.mail.outbox import DAY_MS, GIVEN_UP_AFTER_MS, pause_ms
from engine.integrations.mail.server import ServerAway, greet
from engine.integrations.mail.worker import NO_ADDRESS, NO_USER, NOT_SET
from engine.recordings import mailbox
from engine.settings import Settings
from engine.store.database import Database
from tests.mail.messages import NAME, directory, keep, mail_of, with_mail, worker
from tests.mail.post_office import ACCEPT, DIE, HANG, PostOffice
from tests.ports import free_port
from tests.recordings.calls import HandClock

OTHER = "cell1-1.2.message.1"


def test_the_pauses_grow_from_a_minute_to_six_hours() -> None:
    minutes = [pause_ms(attempts) / 60_000 for attempts in range(1, 12)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]


@pytest.mark.parametrize("where", ["at_recipient", "at_end"])
async def test_what_is_put_off_is_tried_again_and_sent_once(
    settings: Settings, database: Database, where: str
) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        setattr(post, where, "451 4.7.1 come again")
        ours = with_mail(settings, post.port)
        await keep(ours, database)
        sender = worker(ours, database, clock)
        assert await sender.work() == 0
        row = await mail_of(database)
        assert (row.state, row.attempts, row.error) == ("waiting", 1, "451 4.7.1 come again")
        assert row.next_attempt_at == clock.now + 60_000
        setattr(post, where, ACCEPT)
        clock.now += 59_999
        assert await sender.work() == 0
        clock.now += 1
        assert await sender.work() == 1
        clock.now += DAY_MS
        assert await sender.work() == 0
        row = await mail_of(database)
        assert (row.state, row.attempts, row.error) == ("sent", 2, None)
        assert len(post.letters) == 1


@pytest.mark.parametrize("where", ["at_recipient", "at_end"])
async def test_what_is_refused_for_good_is_not_tried_again(
    settings: Settings, database: Database, where: str
) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        setattr(post, where, "550 5.1.1 nobody of that name")
        ours = with_mail(settings, post.port)
        await keep(ours, database)
        sender = worker(ours, database, clock)
        await sender.work()
        setattr(post, where, ACCEPT)
        clock.now += DAY_MS
        await sender.work()
        row = await mail_of(database)
        assert (row.state, row.attempts, row.error) == ("refused", 1, "550 5.1.1 nobody of that name")
        assert post.letters == []


@pytest.mark.parametrize(("what", "where"), [(HANG, "at_end"), (DIE, "at_end"), (DIE, "at_recipient")])
async def test_a_server_that_hangs_or_dies_over_one_mail_gets_the_next_one(
    settings: Settings, database: Database, what: str, where: str
) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        setattr(post, where, what)
        post.only_first = True
        ours = with_mail(settings, post.port, timeout=2)
        await keep(ours, database)
        await keep(ours, database, OTHER)
        sender = worker(ours, database, clock)
        assert await sender.work() == 1
        states = [await mail_of(database, name) for name in (NAME, OTHER)]
        assert sorted(row.state for row in states) == ["sent", "waiting"]
        (put_off,) = [row for row in states if row.state == "waiting"]
        assert put_off.error
        assert post.connections == 2
        clock.now += 60_000
        assert await sender.work() == 1


async def test_a_server_that_is_away_is_tried_once_for_all_and_for_three_days(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    port = free_port()
    ours = with_mail(settings, port)
    await keep(ours, database)
    await keep(ours, database, OTHER)
    sender = worker(ours, database, clock)
    await sender.work()
    begun = clock.now
    for name in (NAME, OTHER):
        row = await mail_of(database, name)
        assert (row.state, row.attempts) == ("waiting", 1)
        assert row.error.startswith(f"127.0.0.1:{port}: ")
    for _ in range(40):
        row = await mail_of(database)
        if row.state != "waiting":
            break
        clock.now = row.next_attempt_at
        await sender.work()
    assert row.state == "failed"
    assert GIVEN_UP_AFTER_MS <= row.finished_at - begun < GIVEN_UP_AFTER_MS + 6 * 3_600_000
    assert row.attempts == 21
    count = partial(outbox.counts, now=clock.now)
    assert await database.transaction(count, read_only=True) == (0, 2)
    later = partial(outbox.counts, now=clock.now + DAY_MS)
    assert await database.transaction(later, read_only=True) == (0, 0)


async def test_one_that_was_sent_is_not_sent_again_where_the_database_was_away(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        ours = with_mail(settings, post.port)
        await keep(ours, database)
        sender = worker(ours, database, clock)

        def away(*_: Any, **__: Any) -> None:
            raise OperationalError("UPDATE", {}, Exception("the database is away"))

        with monkeypatch.context() as patched:
            patched.setattr(outbox, "note", away)
            with pytest.raises(OperationalError):
                await sender.work()
            clock.now += DAY_MS
            with pytest.raises(OperationalError):
                await sender.work()
        assert (await mail_of(database)).state == "waiting"
        await sender.work()
        assert (await mail_of(database)).state == "sent"
        assert len(post.letters) == 1


async def test_who_has_no_address_gets_no_mail_and_it_is_said_why(
    settings: Settings, database: Database
) -> None:
    async with PostOffice() as post:
        ours = with_mail(settings, post.port)
        for name, mailbox_of in (("m1", "102"), ("m2", "999")):
            await keep(ours, database, name, mailbox=mailbox_of)
        await keep(ours, database, "m3", finished_at=HandClock().now - 4 * DAY_MS)
        await keep(ours, database, "m4", tenant="broken")
        await keep(ours, database, "m5")
        wrong = directory(users={"101": {"name": "Анна", "email": "anna at romashka"}, "102": {"name": "П"}})
        assert await worker(ours, database, HandClock(), wrong).work() == 0
        assert post.letters == []
    rows = [await mail_of(database, name) for name in ("m1", "m2", "m5")]
    assert [(row.state, row.error) for row in rows] == [
        ("none", NO_ADDRESS),
        ("none", NO_USER),
        ("refused", "“anna at romashka” is no e-mail address"),
    ]
    new = await database.transaction(partial(outbox.new_messages, now=HandClock().now))
    assert [message.message for message in new] == ["m4"], "a tenant's wrong file may be right soon"


async def test_nothing_is_sent_later_of_what_came_while_mail_was_not_set(
    settings: Settings, database: Database
) -> None:
    await keep(settings, database)
    await worker(settings, database, HandClock()).work()
    row = await mail_of(database)
    assert (row.state, row.error) == ("none", NOT_SET)
    async with PostOffice() as post:
        assert await worker(with_mail(settings, post.port), database, HandClock()).work() == 0
        assert post.letters == []


async def test_a_message_deleted_before_is_not_sent(settings: Settings, database: Database) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        post.at_end = "451 later"
        ours = with_mail(settings, post.port)
        await keep(ours, database)
        (await keep(ours, database, OTHER)).unlink()
        sender = worker(ours, database, clock)
        await sender.work()
        assert (await mail_of(database, OTHER)).state == "failed", "its file is gone"
        await database.transaction(partial(mailbox.delete, messages=[NAME], by="anna", at=clock.now))
        post.at_end = ACCEPT
        clock.now += DAY_MS
        assert await sender.work() == 0
        row = await mail_of(database)
        assert (row.state, row.error) == ("dropped", "the message was deleted")
        assert post.letters == []


async def test_the_way_is_private_and_the_password_right(settings: Settings, ca: trustme.CA) -> None:
    certificate = ca.issue_cert("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    trusted = settings.home / "ca.pem"
    trusted.parent.mkdir(parents=True, exist_ok=True)
    ca.cert_pem.write_to_path(str(trusted))
    settings.secrets_folder.mkdir(parents=True)
    (settings.secrets_folder / "post").write_text("right\n")
    async with PostOffice(context, "right") as post:
        login = {"tls": "starttls", "username": "vats", "password_file": "post"}
        known = with_mail(settings, post.port, ca_file=str(trusted), **login)
        await greet(known)
        with pytest.raises(ServerAway, match="certificate verify failed"):
            await greet(with_mail(settings, post.port, **login))
        (settings.secrets_folder / "post").write_text("wrong\n")
        with pytest.raises(ServerAway, match="535"):
            await greet(known)
        (settings.secrets_folder / "post").unlink()
        with pytest.raises(ServerAway, match="post: No such file"):
            await greet(known)
    async with PostOffice() as plain:
        with pytest.raises(ServerAway, match="STARTTLS"):
            await greet(with_mail(settings, plain.port, tls="starttls"))
