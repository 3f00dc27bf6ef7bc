"""F19: what the person finds in his mailbox."""

import asyncio
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from engine.integrations.mail.letter import BadAddress, address
from engine.settings import Settings
from engine.store.database import Database
from tests import sound
from tests.mail.messages import HERTZ, NAME, directory, keep, mail_of, with_mail, worker
from tests.mail.post_office import PostOffice
from tests.recordings.calls import HandClock


async def sent(
    settings: Settings, database: Database, tenant: Mapping[str, object] | None = None, **values: object
) -> EmailMessage:
    async with PostOffice() as post:
        limit = values.pop("wav_limit", 5.0)
        ours = with_mail(settings, post.port, wav_limit=limit)
        await keep(ours, database, **values)  # type: ignore[arg-type]
        assert await worker(ours, database, HandClock(), directory(**(tenant or {}))).work() == 1
    assert post.recipients == [["anna@romashka.example"]]
    (letter,) = post.letters
    assert all(byte < 128 for byte in post.raw[0]), "servers need no extension to take it"
    return letter


def parts(letter: EmailMessage) -> tuple[str, str]:
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


async def test_f19_a_message_comes_with_its_sound(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    letter = await sent(settings, database)
    assert letter["Subject"] == "Голосовое сообщение: Иван Петров, 8 (903) 111-22-33, 0:03"
    assert letter["To"].addresses[0].display_name == "Анна Иванова"
    assert str(letter["From"]) == "ВАТС <vats@vats.example>"
    assert letter["Message-ID"] == f"<{NAME}@vats.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    for text in parts(letter):
        for told in ("Иван Петров", "8 (903) 111-22-33", "24.11.2026 09:00 (UTC+0300)", "0:03"):
            assert told in text
    (attachment,) = letter.iter_attachments()
    assert attachment.get_content_type() == "audio/wav"
    assert attachment.get_filename() == "message-20261124-090000-79031112233.wav"
    heard = tmp_path / "heard.wav"
    heard.write_bytes(attachment.get_content())
    assert sound.seconds(heard) == 3
    assert sound.level(sound.channel(heard)[0], HERTZ) > 0.9
    assert (await mail_of(database)).state == "sent"


async def test_it_speaks_the_tenants_language_and_keeps_his_time(
    settings: Settings, database: Database
) -> None:
    english = {"language": "en", "timezone": "Asia/Yekaterinburg", "country": "US"}
    letter = await sent(settings, database, english, caller_name="", duration_ms=65_400)
    assert letter["Subject"] == "Voice message: +7 903 111-22-33, 1:05"
    plain, html = parts(letter)
    for text in (plain, html):
        for told in ("name unknown", "24 November 2026, 11:00 (UTC+0500)", "1:05"):
            assert told in text


@pytest.mark.parametrize("caller", ["", "anonymous"])
async def test_a_withheld_number_is_told_as_such(settings: Settings, database: Database, caller: str) -> None:
    letter = await sent(settings, database, caller=caller, caller_name="")
    assert letter["Subject"] == "Голосовое сообщение: номер скрыт, 0:03"
    (attachment,) = letter.iter_attachments()
    assert attachment.get_filename() == "message-20261124-090000.wav"


async def test_a_callers_name_is_only_ever_text(settings: Settings, database: Database) -> None:
    """It cannot add headers, markup, or turn the text around; nor can his number."""
    name = "Иван\r\nBcc: all@evil.example\r\n\r\n<script>x</script>\u202e\u2028" + "x" * 500
    letter = await sent(settings, database, caller_name=name, caller="+7903\r\nX-Evil: 1/../../x")
    assert letter["Bcc"] is None
    assert letter["X-Evil"] is None
    assert letter["Subject"].startswith(
        "Голосовое сообщение: Иван Bcc: all@evil.example <script>x</script> xxx"
    )
    plain, html = parts(letter)
    assert "<script>" in plain
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in plain + html
    (attachment,) = letter.iter_attachments()
    assert attachment.get_filename() == "message-20261124-090000-79031.wav"


async def test_a_long_message_comes_as_mp3(settings: Settings, database: Database, tmp_path: Path) -> None:
    letter = await sent(settings, database, seconds=60, wav_limit=0.5)
    (attachment,) = letter.iter_attachments()
    assert attachment.get_content_type() == "audio/mpeg"
    assert attachment.get_filename() == "message-20261124-090000-79031112233.mp3"
    mp3, wav = tmp_path / "heard.mp3", tmp_path / "heard.wav"
    mp3.write_bytes(attachment.get_content())
    assert mp3.stat().st_size < 200_000
    ffmpeg = await asyncio.create_subprocess_exec("ffmpeg", "-v", "error", "-i", mp3, wav)
    assert await ffmpeg.wait() == 0
    assert abs(sound.seconds(wav) - 60) < 0.2
    assert abs(sound.dominant(wav) - HERTZ) < 5


def test_addresses_are_addresses() -> None:
    assert address("anna@ромашка.example", "Анна").addr_spec == "anna@xn--80aa3agjl3d.example"
    for wrong in (
        "anna",
        "@x.example",
        "anna@",
        "a b@x.example",
        "a@x.example\r\nBcc: b@x",
        "a@x, b@y",
        "анна@x.ru",
    ):
        with pytest.raises(BadAddress):
            address(wrong)
