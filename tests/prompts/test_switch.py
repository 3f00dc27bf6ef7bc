"""A prompt is played by a real Asterisk as it lies on the disk: no transcoding for an A-law call."""

import subprocess
import time
from pathlib import Path

import pytest

from engine.directory.prompts.convert import convert
from engine.settings import Trunk
from tests import sound
from tests.instance import Instance, wait_until
from tests.ports import free_ports

ANSWER = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="answers with A-law">
  <recv request="INVITE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


@pytest.mark.switch
def test_an_a_law_call_hears_it_without_transcoding(tmp_path: Path) -> None:
    sip, media = free_ports(2)
    address = f"127.0.0.1:{sip}"
    (tmp_path / "answer.xml").write_text(ANSWER)
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[address], host=address)}) as instance:
        instance.start_asterisk()
        assert "Loaded" in instance.cli("module load res_clioriginate.so")
        target = instance.settings.prompts_folder / "romashka" / "welcome"
        convert(sound.tone(tmp_path / "tone.wav", 440, 3), target)
        command = ["sipp", "-sf", str(tmp_path / "answer.xml"), "-i", "127.0.0.1", "-p", str(sip)]
        phone = subprocess.Popen(
            [*command, "-mi", "127.0.0.1", "-mp", str(media), "-nostdin", "-m", "1"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            instance.cli(f"channel originate PJSIP/79@city application Playback {target}")
            channel = ""

            def playing() -> bool:
                nonlocal channel
                lines = instance.cli("core show channels concise").splitlines()
                channel = next((line.split("!")[0] for line in lines if "!Playback!" in line), "")
                return bool(channel)

            wait_until(playing, 10, "the prompt plays")
            begun = time.monotonic()
            shown = instance.cli(f"core show channel {channel}")
            assert "WriteFormat: alaw" in shown, shown
            assert "WriteTranscode: No" in shown
            wait_until(lambda: not instance.cli("core show channels concise").strip(), 10, "it ends")
            assert 1.5 < time.monotonic() - begun < 4.5, "it was heard as long as it is"
            assert phone.wait(10) == 0
        finally:
            if phone.poll() is None:
                phone.kill()
                phone.wait()
