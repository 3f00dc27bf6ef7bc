"""`vats cdr verify`: compare, tell, repair."""

import asyncio
import json

import click

from engine.clock import SystemClock
from engine.journal.events import SWITCH_SEQ
from engine.journal.refused import refused_calls, refused_file, what_to_do
from engine.journal.spool import Spool
from engine.records.query import iso
from engine.records.reconcile import recorded
from engine.records.verify import Report, repair, verify
from engine.records.witness import Describer
from engine.settings import Settings
from engine.store.database import Database
from engine.store.migrate import require_newest
from engine.switch.cel_files import log_files
from engine.worker import directory_of

STORED_SECONDS = 10.0


async def run_verify(
    settings: Settings, since: int | None, until: int | None, repairing: bool, as_lines: bool
) -> int:
    """The command; returns its exit code."""
    if not log_files(settings.event_log):
        click.echo(f"vats cdr verify: {settings.event_log}: the switch has not written its log yet", err=True)
        return 1
    clock = SystemClock()
    database = Database(settings.database_url)
    try:
        await require_newest(database)
        refused = refused_calls(settings.journal_folder)
        report = await verify(
            database, settings.event_log, settings.cell, clock.wall_ms(), since, until, refused
        )
        unstored = 0
        if repairing and report.missing:
            unstored = await _repair(settings, database, report)
    finally:
        await database.close()
    (_print_lines if as_lines else _print_text)(report, repairing, unstored)
    if report.refused and not as_lines:
        _print_refused(settings, report)
    left = report.differences - (len(report.missing) - unstored if repairing else 0)
    return 1 if left else 0


async def _repair(settings: Settings, database: Database, report: Report) -> int:
    """Write the missing calls to the journal and wait for the worker; returns how many it has not stored."""
    # A writer name of its own: the running worker holds `switch`. Its lock keeps a second repair out.
    spool = Spool(settings.journal_folder, "repair", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    try:
        await repair(database, spool, report.missing, Describer.of(settings, directory_of(settings)))
    finally:
        await spool.close()
    wanted = [call.call_id for call in report.missing]
    stored: set[str] = set()
    try:
        async with asyncio.timeout(STORED_SECONDS):
            while len(stored) < len(wanted):
                await asyncio.sleep(0.2)
                async with database.read() as connection:
                    stored = await connection.run_sync(recorded, wanted)
    except TimeoutError:
        pass
    return len(wanted) - len(stored)


def _print_refused(settings: Settings, report: Report) -> None:
    folder = settings.journal_folder
    click.echo(f"refused by the database, put aside in {refused_file(folder)}: {', '.join(report.refused)}")
    click.echo(what_to_do(folder), err=True)


def _print_lines(report: Report, repairing: bool, unstored: int) -> None:
    for call in report.missing:
        _line(kind="missing", call_id=call.call_id, started_at=iso(call.first.started_at))
    for call_id in report.extra:
        _line(kind="extra", call_id=call_id)
    for it in report.times:
        _line(
            kind="time",
            call_id=it.call_id,
            column=it.what,
            record=iso(it.record) if it.record is not None else None,
            switch=iso(it.switch) if it.switch is not None else None,
        )
    for call_id in report.from_switch:
        _line(kind="from_switch", call_id=call_id)
    for call_id in report.uncertain:
        _line(kind="uncertain", call_id=call_id)
    for call_id in report.refused:
        _line(kind="refused", call_id=call_id)
    _line(
        kind="summary",
        compared=report.compared,
        living=report.living,
        missing=len(report.missing),
        extra=len(report.extra),
        times=len(report.times),
        from_switch=len(report.from_switch),
        uncertain=len(report.uncertain),
        refused=len(report.refused),
        differences=report.differences,
        repaired=len(report.missing) - unstored if repairing else 0,
    )


def _line(**content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False))


def _print_text(report: Report, repairing: bool, unstored: int) -> None:
    for call in report.missing:
        first = call.first
        click.echo(
            f"missing: {first.channel_id} from {first.number or '?'} to {first.extension} has no record"
        )
    for call_id in report.extra:
        click.echo(f"extra: {call_id} has a record, and the switch's log has no such call")
    for it in report.times:
        ours = iso(it.record) if it.record is not None else "none"
        theirs = iso(it.switch) if it.switch is not None else "none"
        click.echo(f"time: {it.call_id} {it.what}: record {ours}, switch {theirs}")
    if report.from_switch:
        click.echo(f"closed from the switch's log: {', '.join(report.from_switch)}")
    if report.uncertain:
        click.echo(f"ended with the switch itself, at a time nobody knows: {', '.join(report.uncertain)}")
    click.echo(
        f"{report.compared} calls compared, {report.living} still up: {len(report.missing)} missing, "
        f"{len(report.extra)} extra, {len(report.times)} times differ; "
        f"{len(report.from_switch)} closed from the switch's log"
    )
    if repairing and report.missing:
        click.echo(f"repaired: {len(report.missing) - unstored} of {len(report.missing)}")
    if unstored:
        click.echo(f"{unstored} are in the journal; `vats run worker` stores them when it runs", err=True)
