"""Texts to people (F33, F39): by SMS through a gateway with limits, and by e-mail."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.integrations.sms import GatewayAway, Refused
from engine.integrations.sms.http_gateway import HttpGateway
from engine.integrations.texts.worker import TextWorker
from engine.records.text_outbox import GIVEN_UP_AFTER_MS, Text, pause_ms, put
from engine.settings import MailSettings, Settings, SettingsError, SmsSettings, load_settings
from engine.store.client_tables import text_message
from engine.store.database import Database
from tests.clients.gateway import LONGEST, Gateway
from tests.mail.post_office import PostOffice
from tests.recordings.calls import HandClock

IVAN = "+79031112233"


def settings(tmp_path: Path, port: int, **sms: Any) -> Settings:
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "sms").write_text("secret-key\n")
    chosen = SmsSettings(url=f"http://127.0.0.1:{port}/send", key_file="sms", sender="VATS", **sms)
    return Settings(home=tmp_path, sms=chosen)


async def row(database: Database, message: str = "m1") -> Any:
    async with database.read() as connection:
        return (await connection.execute(select(text_message).where(text_message.c.message == message))).one()


async def order(database: Database, via: Any = "sms", to: str = IVAN, at: int = 0) -> None:
    made = Text("m1", "acme", via, to, "Обращение", "Номер 1003", at)
    assert await database.transaction(lambda one: put(one, made))
    assert not await database.transaction(lambda one: put(one, made)), "the same is there once"


@pytest.mark.parametrize("form", ["json", "form"])
async def test_f33_a_gateway_gets_the_text(tmp_path: Path, form: str) -> None:
    async with Gateway() as gateway:
        sender = HttpGateway(settings(tmp_path, gateway.port, format=form, extra={"route": "tickets"}))
        await sender.send("m1", IVAN, "Номер 1003")
        await sender.send("m1", IVAN, "Номер 1003")
        await sender.close()
    assert gateway.sent == [
        {"to": IVAN, "text": "Номер 1003", "route": "tickets", "from": "VATS", "id": "m1"}
    ]


async def test_f33_what_a_gateway_answers(tmp_path: Path) -> None:
    async with Gateway(a_second=1) as gateway:
        sender = HttpGateway(settings(tmp_path, gateway.port))
        with pytest.raises(Refused, match=r"400 .*no number"):
            await sender.send("m1", "101", "text")
        with pytest.raises(Refused, match=r"400 .*670 characters"):
            await sender.send("m1", IVAN, "a" * (LONGEST + 1))
        gateway.answers = [503]
        with pytest.raises(GatewayAway, match="503") as away:
            await sender.send("m1", IVAN, "text")
        assert away.value.again_s is None
        await sender.send("m1", IVAN, "text")
        with pytest.raises(GatewayAway, match="429") as away:
            await sender.send("m2", IVAN, "text")
        assert away.value.again_s == 1.0
        gateway.key = "another"
        with pytest.raises(Refused, match="401"):
            await sender.send("m2", IVAN, "text")
        await sender.close()
    with pytest.raises(GatewayAway, match=r"127\.0\.0\.1"):
        await HttpGateway(settings(tmp_path, gateway.port)).send("m3", IVAN, "text")


async def test_f33_a_gateway_that_says_no_with_200(tmp_path: Path) -> None:
    async with Gateway() as gateway:
        chosen = settings(tmp_path, gateway.port, error_field="accepted")
        with pytest.raises(Refused, match="accepted: True"):
            await HttpGateway(chosen).send("m1", IVAN, "text")


async def test_f33_an_sms_is_tried_again_and_sent_once(tmp_path: Path, database: Database) -> None:
    clock = HandClock()
    async with Gateway() as gateway:
        ours = settings(tmp_path, gateway.port)
        worker = TextWorker(ours, database, clock, HttpGateway(ours))
        await order(database, at=clock.now)
        gateway.answers = [500, 429]
        assert await worker.work() == 0
        found = await row(database)
        assert (found.state, found.attempts) == ("waiting", 1)
        assert found.next_attempt_at == clock.now + pause_ms(1)
        clock.now += pause_ms(1)
        assert await worker.work() == 0
        assert (await row(database)).next_attempt_at == clock.now + 7000, "as long as the gateway says"
        clock.now += 7000
        assert await worker.work() == 1
        clock.now += GIVEN_UP_AFTER_MS
        assert await worker.work() == 0
        found = await row(database)
        assert (found.state, found.attempts, found.error) == ("sent", 3, None)
        assert len(gateway.sent) == 1


async def test_f33_what_is_refused_or_given_up(tmp_path: Path, database: Database) -> None:
    clock = HandClock()
    async with Gateway() as gateway:
        ours = settings(tmp_path, gateway.port)
        await order(database, to="101", at=clock.now)
        await TextWorker(ours, database, clock, HttpGateway(ours)).work()
        assert (await row(database)).state == "refused"
    late = Text("m2", "acme", "sms", IVAN, "", "text", clock.now - GIVEN_UP_AFTER_MS)
    await database.transaction(lambda one: put(one, late))
    await TextWorker(Settings(home=tmp_path), database, clock, None).work()
    found = await row(database, "m2")
    assert (found.state, found.error) == ("failed", "no SMS gateway is set: `sms` in the settings file")


async def test_f33_by_mail(tmp_path: Path, sqlite_database: Database) -> None:
    clock = HandClock()
    async with PostOffice() as post:
        mail = MailSettings(host="127.0.0.1", port=post.port, tls="none", sender="ВАТС <vats@example.ru>")
        ours = Settings(home=tmp_path, mail=mail)
        await order(sqlite_database, "email", "ivan@r.example", clock.now)
        assert await TextWorker(ours, sqlite_database, clock, None).work() == 1
        [letter] = post.letters
    assert (letter["Subject"], letter["To"]) == ("Обращение", "ivan@r.example")
    assert letter.get_content().strip() == "Номер 1003"
    assert letter["Message-ID"] == "<m1@example.ru>"


def test_f33_a_key_is_never_sent_in_clear(tmp_path: Path) -> None:
    (tmp_path / "vats.yaml").write_text("sms: {url: http://sms.example/send, key_file: sms}\n")
    with pytest.raises(SettingsError, match="a key is never sent in clear"):
        load_settings({"VATS_CONFIG": str(tmp_path / "vats.yaml")})
