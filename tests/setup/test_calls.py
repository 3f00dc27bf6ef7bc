"""What Asterisk alone does with calls: who is let in, and who is rung while the engine is away."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.settings import Trunk
from engine.sockets import exposed, inodes, listeners
from tests.instance import Instance, wait_until
from tests.ports import free_port, free_ports
from tests.setup import accounts, sipp

pytestmark = pytest.mark.switch

NUMBER = "+74951234567"


def switch_events(instance: Instance) -> list[dict[str, Any]]:
    log = instance.settings.event_log
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def check_sockets(instance: Instance) -> None:
    """F47: all is on loopback during a call too, where the sound's sockets are."""
    assert instance.asterisk is not None
    assert exposed(instance.settings, [instance.asterisk.pid]) == []
    rtp = range(instance.settings.ports.rtp_from, instance.settings.ports.rtp_to + 1)
    own = inodes([instance.asterisk.pid])
    assert len([each for each in listeners() if each.inode in own and each.port in rtp]) == 4


def test_a_call_from_an_unknown_address_is_refused(tmp_path: Path) -> None:
    """F47: no anonymous calls; not even a channel is made."""
    trunk, stranger = free_ports(2)
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[f"127.0.0.1:{trunk}"])}) as instance:
        instance.start_asterisk()
        target = f"127.0.0.1:{instance.settings.ports.sip}"
        call = sipp.start(tmp_path, "stranger", stranger, target, "-sn", "uac", "-s", NUMBER)
        assert sipp.finish(call) != 0
        assert "SIP/2.0 401" in sipp.messages(tmp_path, "stranger")
        assert switch_events(instance) == []


@pytest.mark.parametrize("dialled", [NUMBER, NUMBER[1:], "8" + NUMBER[2:], NUMBER[2:]])
def test_without_the_engine_a_city_call_rings_the_fallback(tmp_path: Path, dialled: str) -> None:
    """Neither engine nor AGI: the number in any of its Russian forms finds what the engine left in AstDB."""
    trunk, phone = free_ports(2)
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[f"127.0.0.1:{trunk}"])}) as instance:
        instance.start_asterisk()
        settings = instance.settings
        accounts.make_account(settings, "romashka-101-desk", contact=f"sip:101@127.0.0.1:{phone}")
        instance.cli(f"database put fallback {NUMBER} PJSIP/romashka-101-desk")
        callee = sipp.start(tmp_path, "callee", phone, "-sn", "uas")
        target = f"127.0.0.1:{settings.ports.sip}"
        caller = sipp.start(tmp_path, "caller", trunk, target, "-sn", "uac", "-s", dialled, "-d", "4000")
        wait_until(lambda: sum(e["eventtype"] == "BRIDGE_ENTER" for e in switch_events(instance)) == 2)
        check_sockets(instance)
        assert sipp.finish(caller) == 0
        assert sipp.finish(callee) == 0
        wait_until(lambda: len([e for e in switch_events(instance) if e["eventtype"] == "CHAN_END"]) == 2)
        events = switch_events(instance)

    kinds = [event["eventtype"] for event in events if event["channame"].startswith("PJSIP/city")]
    assert kinds == ["CHAN_START", "ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "HANGUP", "CHAN_END"]
    first = events[0]
    assert first["uniqueid"] == first["linkedid"]
    assert first["uniqueid"].startswith("test1-")
    assert (first["context"], first["exten"]) == ("from-trunk", dialled)
    seconds, _, micros = first["eventtime"].partition(".")
    assert seconds.isdigit()
    assert len(micros) == 6
    hangup = next(event for event in events if event["eventtype"] == "HANGUP")
    assert json.loads(hangup["eventextra"])["hangupcause"] == 16


def test_without_engine_and_fallback_a_caller_hears_an_apology(tmp_path: Path) -> None:
    trunk = free_port()
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[f"127.0.0.1:{trunk}"])}) as instance:
        instance.start_asterisk()
        target = f"127.0.0.1:{instance.settings.ports.sip}"
        caller = sipp.start(tmp_path, "caller", trunk, target, "-sn", "uac", "-s", "no.number", "-d", "1000")
        assert sipp.finish(caller) == 0
        assert not any("WARNING" in line for line in instance.log().splitlines() if "Playback" in line)
        assert [e["exten"] for e in switch_events(instance) if e["eventtype"] == "ANSWER"] == ["nonumber"]


def test_special_extensions_are_no_destinations(tmp_path: Path) -> None:
    trunk = free_port()
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[f"127.0.0.1:{trunk}"])}) as instance:
        instance.start_asterisk()
        target = f"127.0.0.1:{instance.settings.ports.sip}"
        for extension in "hsit":
            call = sipp.start(tmp_path, extension, trunk, target, "-sn", "uac", "-s", extension)
            assert sipp.finish(call) != 0
            assert "SIP/2.0 404" in sipp.messages(tmp_path, extension)


def test_accounts_pushed_by_ari_survive_a_kill_of_asterisk(instance: Instance, tmp_path: Path) -> None:
    """No engine is there to push them again: a phone registers all the same."""
    instance.start_asterisk()
    name, settings = "romashka-101-desk", instance.settings
    accounts.make_account(settings, name, password="first")
    accounts.make_account(settings, name, password="second")  # a change reaches the cache too
    wait_until(lambda: "second" in instance.cli("database show ps_auths"))
    instance.stop_asterisk()
    instance.start_asterisk()
    port = free_port()
    for password, expected in (("first", 1), ("second", 0)):
        phone = sipp.start(
            tmp_path, password, port, f"127.0.0.1:{settings.ports.sip}",
            *("-sf", str(sipp.SCENARIOS / "register.xml"), "-s", name, "-au", name, "-ap", password),
        )  # fmt: skip
        assert (sipp.finish(phone) != 0) == bool(expected)
    accounts.push(settings, "endpoint", name, {"context": "from-trunk"})
    assert "from-trunk" in instance.cli(f"pjsip show endpoint {name}")
    instance.kill_asterisk()
    instance.start_asterisk()
    assert accounts.fetch(settings, "endpoint", name) is not None


def test_a_trunk_known_by_its_credentials_alone_must_log_in(tmp_path: Path) -> None:
    """From whatever address: a call with the right password comes in as the trunk's, else not."""
    port = free_port()
    trunk = Trunk(username="provider", password_file="provider")
    with Instance(tmp_path, trunks={"city": trunk}) as instance:
        (instance.settings.secrets_folder / "provider").write_text("word\n")
        instance.start_asterisk()
        for password, expected in (("guess", False), ("word", True)):
            caller = sipp.start(
                tmp_path, password, port, f"127.0.0.1:{instance.settings.ports.sip}",
                *("-sf", str(sipp.SCENARIOS / "login.xml"), "-s", NUMBER, "-au", "provider", "-ap", password),
            )  # fmt: skip
            assert (sipp.finish(caller) == 0) == expected
        contexts = {(e["channame"].split("-")[0], e["context"]) for e in switch_events(instance)}
        assert contexts <= {("PJSIP/provider", "from-trunk"), ("PJSIP/provider", "fallback")}
        assert contexts
