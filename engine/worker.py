"""The worker process: journal → database, records and charges; calls that only the switch's log knows the end
of; recordings; messages, their mail and their end; the contents of scenario versions. No call in progress
needs it: what it has not done yet, it does when it is back.
"""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from engine.billing.charges import charge_records
from engine.clock import Clock, SystemClock
from engine.directory.directory import Directory
from engine.directory.loader import load_directory
from engine.integrations.mail import worker as mail
from engine.integrations.texts import worker as texts
from engine.integrations.webhooks import worker as webhooks
from engine.journal.events import SWITCH_SEQ
from engine.journal.spool import Spool, SpoolInUse
from engine.journal.writer import JournalWriter
from engine.mailbox_operations import tell_engine
from engine.queues.callback.rows import derive_callbacks
from engine.recordings import keeper, message_retention, messages
from engine.recordings import worker as recordings
from engine.recordings.jobs import derive_recordings
from engine.records.forms import derive_forms
from engine.records.heard import derive_heard
from engine.records.heavy import HeavyUsers
from engine.records.listening import derive_listening
from engine.records.outcomes import derive_outcomes
from engine.records.presence import derive_presence
from engine.records.queues.store import derive_queues
from engine.records.reconcile import Reconciler
from engine.records.store import RecordStore
from engine.records.tasks import worker as task_worker
from engine.records.tasks.derive import TaskDerivers
from engine.records.ticket_story import derive_tickets
from engine.records.witness import Describer
from engine.scenarios.history import VersionHistory
from engine.settings import Settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest
from engine.switch.cel import EventLog
from engine.switch.cel_files import keep_small

SCHEMA_RETRY_SECONDS = 2.0

_log = structlog.get_logger(__name__)


def main(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code, 1 when another worker runs already."""
    try:
        return uvloop.run(_main(settings, SystemClock()))
    except SpoolInUse as error:
        _log.error("worker.cannot_run", error=str(error))
        return 1


async def _main(settings: Settings, clock: Clock) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, clock, stop)
    return 0


async def serve(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Everything the worker does, until `stop` is set.

    Raises `DatabaseError` for a wrong address, `SpoolInUse` when another worker runs.
    """
    database = Database(settings.database_url)
    spool = Spool(settings.journal_folder, "switch", clock, first_seq=SWITCH_SEQ)
    spool.open()
    tenants = directory_of(settings)  # for what runs in the database's thread
    tasks_of = TaskDerivers(tenants)
    directory = directory_of(settings)
    writer = JournalWriter(
        settings.journal_folder,
        database,
        clock,
        [
            RecordStore([charge_records, tasks_of.missed]).derive,
            derive_recordings,
            derive_outcomes,
            derive_tickets,
            HeavyUsers(directory).derive,
            derive_heard,
            derive_listening,
            derive_queues,
            tasks_of.tickets,
        ],
        talk_derivers=[tasks_of.answers],
        stream_derivers=[derive_presence, derive_callbacks, derive_forms],
    )
    describe = Describer.of(settings, directory)
    changed = tell_engine(settings)
    versions = VersionHistory(settings.versions_folder, database, clock, settings.max_call)
    reconciler = Reconciler(EventLog(settings.event_log), database, spool, clock, describe)

    async def work() -> None:
        await _schema(database)
        _log.info("worker.started", database=database.description, journal=str(settings.journal_folder))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run(), name="journal-writer")
            tasks.create_task(reconciler.run(writer), name="reconciler")
            tasks.create_task(keep_small(settings.event_log, clock), name="event-log")
            tasks.create_task(versions.run(), name="scenario-versions")
            watching = task_worker.run(database, clock, tenants, writer.caught_up)
            tasks.create_task(watching, name="task-deadlines")
            tasks.create_task(recordings.run(settings, database, clock), name="recordings")
            keeping = keeper.run(settings, database, clock, directory_of(settings))
            tasks.create_task(keeping, name="recording-keeper")
            tasks.create_task(messages.run(settings, database, clock, changed), name="messages")
            tasks.create_task(mail.run(settings, database, clock, directory), name="mail")
            tasks.create_task(texts.run(settings, database, clock), name="texts")
            tasks.create_task(webhooks.run(settings, database, clock, directory), name="webhooks")
            retention = message_retention.run(settings, database, clock, directory, changed)
            tasks.create_task(retention, name="message-retention")

    working = asyncio.create_task(work(), name="worker")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait([working, stopping])
        await spool.close()
        await database.close()
    if not working.cancelled():
        working.result()
    _log.info("worker.stopped")


async def _schema(database: Database) -> None:
    """Wait for a database with our schema: it may be away, or not upgraded yet."""
    told = ""
    while True:
        try:
            await require_newest(database)
        except (DatabaseError, SQLAlchemyError, OSError, TimeoutError) as error:
            if str(error) != told:
                told = str(error)
                _log.error("worker.waits_for_database", error=told)
            await asyncio.sleep(SCHEMA_RETRY_SECONDS)
        else:
            return


def directory_of(settings: Settings) -> Callable[[], Directory]:
    """The tenants as their files are now; read again only when a file has changed."""
    known: tuple[list[tuple[Path, int]], Directory] | None = None

    def current() -> Directory:
        nonlocal known
        files = sorted(settings.tenants_folder.glob("*.yaml"))
        state = [(path, path.stat().st_mtime_ns) for path in files]
        if known is None or known[0] != state:
            known = (state, load_directory(settings.tenants_folder)[0])
        return known[1]

    return current
