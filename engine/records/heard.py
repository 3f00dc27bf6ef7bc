"""Messages that were heard or deleted by keys of a telephone, from the journal of those calls.

The engine marks them at once; this is for those that the database did not take then.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, update

from engine.journal.events import CallEnded, CallStarted, Entry, in_order
from engine.journal.recording_events import MessageDeleted, MessageHeard
from engine.recordings import mailbox
from engine.store.tables import voice_message


def derive_heard(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer; again does no harm. Database errors pass through.

    The worker removes the files of deleted ones.
    """
    table = voice_message.c
    for entries in calls.values():
        marks = [one for one in in_order(entries) if isinstance(one.event, MessageHeard | MessageDeleted)]
        tenant = next((one.event.tenant for one in entries if isinstance(one.event, CallStarted)), None)
        if not marks or tenant is None or not any(isinstance(one.event, CallEnded) for one in entries):
            continue
        for entry in marks:
            if isinstance(entry.event, MessageHeard):
                mine = update(voice_message).where(table.message == entry.event.message)
                mine = mine.where(table.tenant == tenant, table.state == "done", table.heard_at.is_(None))
                connection.execute(mine.values(heard_at=entry.at))
            elif isinstance(entry.event, MessageDeleted):
                mailbox.delete_of(connection, tenant, entry.event.message, entry.event.by, entry.at)
