"""A call that nobody journalled gets its tenant, its tariff and its trunk all the same (F40)."""

from pathlib import Path

import pytest
from sqlalchemy import select

from engine.billing.charges import charge_records
from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.directory.fallback_targets import fallback_targets, write_targets
from engine.directory.loader import load_directory
from engine.journal.events import SWITCH_SEQ
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.records.reconcile import Reconciler
from engine.records.store import RecordStore
from engine.records.witness import Describer
from engine.settings import Settings, Trunk
from engine.store.database import Database
from engine.store.views import cdr
from engine.switch.cel import EventLog
from engine.switch.cel_calls import SwitchCall, SwitchChannel

NUMBER, CALLER = "+74951234567", "+79031112233"
BEGUN = 1_795_301_000
TENANT = """\
tenant: romashka
title: Ромашка
numbers:
  "+74951234567": {scenario: main}
users:
  "101": {name: Анна}
  "102": {name: Пётр}
phone_book: {"+79031112233": Иван Петров}
tariff: {meter_from: answer, per_minute: "6.00"}
"""
SETTINGS = Settings(
    trunks={
        "city": Trunk(addresses=["127.0.0.1:5070"]),
        "provider": Trunk(username="vats-77", password_file="provider"),
        "registered": Trunk(username="account", password_file="p", register_with="127.0.0.1:5080"),
    }
)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "romashka.yaml").write_text(TENANT)
    found, findings, _ = load_directory(tmp_path / "tenants")
    assert not findings
    return found


def settings(home: Path) -> Settings:
    return SETTINGS.model_copy(update={"home": home})


def a_call(endpoint: str, dialled: str, caller: str) -> SwitchCall:
    context = "from-user" if endpoint.startswith("romashka-") else "from-trunk"
    channel = f"PJSIP/{endpoint}-0000002a"
    return SwitchCall(SwitchChannel("cell1-1.1", channel, caller, "", dialled, context, BEGUN * 1000))


@pytest.mark.parametrize(
    ("endpoint", "trunk"),
    [("city", "city"), ("vats-77", "provider"), ("provider", "provider"), ("registered", "registered")],
)
def test_a_trunks_call_names_the_trunk_however_it_is_known(
    endpoint: str, trunk: str, directory: Directory, tmp_path: Path
) -> None:
    describe = Describer.of(settings(tmp_path), lambda: directory)
    begun = describe(a_call(endpoint, "84951234567", "89031112233"))
    assert (begun.direction, begun.tenant, begun.number, begun.trunk) == ("in", "romashka", NUMBER, trunk)
    assert (begun.meter_from, begun.kopecks_per_minute) == ("answer", 600)
    assert (begun.caller, begun.caller_name, begun.scenario) == (CALLER, "Иван Петров", "main")


@pytest.mark.parametrize(("dialled", "direction"), [("102", "internal"), ("89035554433", "out")])
def test_a_users_call_has_the_tariff_too(
    dialled: str, direction: str, directory: Directory, tmp_path: Path
) -> None:
    describe = Describer.of(settings(tmp_path), lambda: directory)
    begun = describe(a_call("romashka-101-desk", dialled, "101"))
    assert (begun.direction, begun.tenant, begun.caller, begun.trunk) == (direction, "romashka", "101", "")
    assert (begun.meter_from, begun.kopecks_per_minute) == ("answer", 600)


def test_a_tenant_whose_file_is_broken_now_is_known_by_the_last_good_state(
    directory: Directory, tmp_path: Path
) -> None:
    describe = Describer.of(settings(tmp_path), lambda: Directory.of([]))
    call = a_call("vats-77", NUMBER, CALLER)
    assert (describe(call).tenant, describe(call).kopecks_per_minute) == ("", 0), "no engine ever ran"
    write_targets(tmp_path / "run" / "fallback.json", fallback_targets(directory))
    begun = describe(call)
    assert (begun.tenant, begun.trunk) == ("romashka", "provider")
    assert (begun.meter_from, begun.kopecks_per_minute) == ("answer", 600)
    stranger = describe(a_call("city", "+74950000000", CALLER))
    assert (stranger.tenant, stranger.kopecks_per_minute) == ("", 0)


async def test_such_a_calls_record_has_tenant_trunk_and_cost(
    tmp_path: Path, database: Database, directory: Directory
) -> None:
    """From the log's lines to the view: 90 s at 6.00 roubles a minute, by the credentials' trunk."""
    ids = f"cell1-{BEGUN}.0", f"cell1-{BEGUN + 1}.1"
    bridge = '{\\"bridge_id\\":\\"b\\"}'
    steps = [
        ("CHAN_START", 0, 0, ""), ("CHAN_START", 1, 1, ""), ("ANSWER", 1, 2, ""), ("ANSWER", 0, 2, ""),
        ("BRIDGE_ENTER", 0, 2, bridge), ("BRIDGE_ENTER", 1, 2, bridge),
        ("BRIDGE_EXIT", 0, 92, bridge), ("BRIDGE_EXIT", 1, 92, bridge),
        ("HANGUP", 1, 92, ""), ("HANGUP", 0, 92, ""), ("CHAN_END", 1, 92, ""), ("CHAN_END", 0, 92, ""),
    ]  # fmt: skip
    names = "PJSIP/vats-77-00000001", "PJSIP/romashka-101-desk-00000002"
    log = tmp_path / "events.jsonl"
    log.write_text(
        "".join(
            f'{{"eventtype":"{kind}","eventtime":"{BEGUN + after}.000000","uniqueid":"{ids[who]}",'
            f'"linkedid":"{ids[0]}","channame":"{names[who]}","num":"{CALLER}","name":"",'
            f'"exten":"{NUMBER}","context":"from-trunk","eventextra":"{extra}"}}\n'
            for kind, who, after, extra in steps
        )
    )
    spool = Spool(tmp_path / "journal", "switch", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    describe = Describer.of(settings(tmp_path), lambda: directory)

    class Later(SystemClock):
        def wall_ms(self) -> int:
            return (BEGUN + 1000) * 1000

    assert await Reconciler(EventLog(log), database, spool, Later(), describe).step() == 1
    await spool.close()
    writer = JournalWriter(
        tmp_path / "journal", database, SystemClock(), [RecordStore([charge_records]).derive]
    )
    while await writer.step():
        pass
    async with database.read() as connection:
        row = (await connection.execute(select(cdr))).one()
    assert (row.source, row.tenant, row.trunk, row.operator) == ("switch", "romashka", "provider", "101")
    assert (row.billable_s, row.cost_kopecks) == (90, 900)
