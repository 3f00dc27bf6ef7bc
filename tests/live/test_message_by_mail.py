"""F19, whole: what a caller speaks on a real phone comes into a mailbox by a real mail server."""

import asyncio
from pathlib import Path

import pytest

from tests.live.people import CALLER_HZ, enter
from tests.live.site import HERE, eventually, running_site
from tests.mail.post_office import PostOffice
from tests.phones import tones_heard, write_tone

pytestmark = pytest.mark.switch

LEAVE = "+74951234571"
KNOWN = "+79031112233"  # Иван Петров of the phone book
BEEP_HZ = 700


async def test_f19_what_is_spoken_comes_by_mail(tmp_path: Path) -> None:
    tenants = tmp_path / "own-tenants"
    tenants.mkdir()
    told = (HERE / "tenants" / "romashka.yaml").read_text()
    reached = told.replace("{name: Пётр Смирнов}", "{name: Пётр Смирнов, email: petr@romashka.example}")
    (tenants / "romashka.yaml").write_text(reached)
    async with PostOffice() as post:
        mail = {"host": "127.0.0.1", "port": post.port, "tls": "none", "from": "vats@vats.example"}
        async with running_site(tmp_path, "engine", "worker", tenants=tenants, mail=mail) as site:
            call = await enter(site, KNOWN, "1", LEAVE)
            await call.record(tmp_path / "heard.wav")
            await call.wait_tone(BEEP_HZ, 0.2, 20)
            await call.play(write_tone(tmp_path / "440.wav", CALLER_HZ))
            await asyncio.sleep(3.5)
            await call.hangup()
            await eventually(lambda: post.letters or None, 20, "the mail has come")
    (letter,) = post.letters
    assert post.recipients == [["petr@romashka.example"]]
    assert "Иван Петров, 8 (903) 111-22-33" in letter["Subject"]
    (attachment,) = letter.iter_attachments()
    came = tmp_path / "came.wav"
    came.write_bytes(attachment.get_content())
    assert 2.5 < tones_heard(came, [CALLER_HZ])[CALLER_HZ].seconds < 5
