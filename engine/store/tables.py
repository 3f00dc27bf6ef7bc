"""All tables. Migrations make them; a test compares the two. Outside readers use the views (`views.py`).

Texts have no length: what a caller's phone sends must never keep a record out of the database.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from engine.store import callback_tables as callback_tables
from engine.store import client_tables as client_tables
from engine.store import form_tables as form_tables
from engine.store import queue_tables as queue_tables
from engine.store import service_tables as service_tables
from engine.store.metadata import metadata as metadata
from engine.store.types import UtcTime

# What happened, one row an event; everything below is derived from it.
journal = Table(
    "journal",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("mono", BigInteger, nullable=False),
    Column("boot", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_with_rowid=False,
)

# How far each file has been read: the spool's segments, and the switch's event log as writer `event-log`.
journal_position = Table(
    "journal_position",
    metadata,
    Column("writer", String, primary_key=True),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("inode", BigInteger, nullable=False),
    Column("bytes_read", BigInteger, nullable=False),
)

call = Table(
    "call",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("number", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("caller_name", String, nullable=False),
    Column("callee", String, nullable=False),
    Column("trunk", String, nullable=False),
    Column("scenario", String, nullable=False),
    Column("scenario_version", String, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Column("talk_started_at", UtcTime),
    Column("ended_at", UtcTime, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    Column("metered_ms", BigInteger, nullable=False),
    Column("disposition", String, nullable=False),
    Column("ended_by", String, nullable=False),
    Column("source", String, nullable=False),
    Column("hangup_cause", Integer, nullable=False),
    Column("queue", String),
    Column("wait_ms", BigInteger),
    Column("operator", String),
    Column("ticket", String),
    Column("rating", Integer),
    Column("node", String, nullable=False),
    Column("clock_jump_ms", BigInteger, nullable=False),
    Column("derived_seq", Integer, nullable=False),
    Column("derived_entries", Integer, nullable=False),
    Column("continues", String),  # the call that was cut off, and that this one goes on with
    Index("call_tenant_caller_ended_at", "tenant", "caller", "ended_at"),
    Index("call_tenant_started_at", "tenant", "started_at"),
    Index("call_started_at", "started_at"),
)

leg = Table(
    "leg",
    metadata,
    Column("call_id", String, ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
    Column("leg", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("extension", String, nullable=False),
    Column("number", String, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ringing_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime, nullable=False),
    Column("ring_ms", BigInteger, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    Column("result", String, nullable=False),
    Column("hangup_cause", Integer, nullable=False),
)

# Lines are added, never changed: a late event that changes the result adds the difference.
talk = Table(
    "talk",
    metadata,
    Column("call_id", String, ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
    Column("talk", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),  # talk | consultation
    Column("one", String, nullable=False),
    Column("other", String, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
)

charge_line = Table(
    "charge_line",
    metadata,
    Column("call_id", String, ForeignKey("call.call_id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String, nullable=False),
    Column("charged_at", UtcTime, nullable=False),
    Column("kind", String, nullable=False),  # call | correction
    Column("billable_s", Integer, nullable=False),
    Column("kopecks", BigInteger, nullable=False),
    Column("package_id", String),
    Index("charge_line_tenant_charged_at", "tenant", "charged_at"),
)

# One stereo file a call; written by the recording jobs. `path` is below the recordings folder, or a key
# in the bucket. A deleted one leaves its row, without a path.
recording = Table(
    "recording",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("state", String, nullable=False),  # waiting | done | empty | failed | deleting | deleted
    Column("path", String),
    Column("started_at", UtcTime),
    Column("duration_ms", BigInteger),
    Column("size_bytes", BigInteger),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", UtcTime),
    Column("error", Text),
    Column("finished_at", UtcTime),
    Column("store", String, nullable=False, server_default="local"),  # local | uploading | s3
    Column("deleted_at", UtcTime),  # when it was gone for sure
    Column("deleted_why", String),  # retention | by NAME; from the order on
    Index("recording_state_next_attempt_at", "state", "next_attempt_at"),
    Index("recording_tenant_started_at", "tenant", "started_at"),
    Index("recording_store_state", "store", "state"),
)

# What callers spoke for somebody, one row a message. `path` is below the messages folder.
voice_message = Table(
    "voice_message",
    metadata,
    Column("message", String, primary_key=True),  # the switch's name of it: CALL_ID.message.1
    Column("call_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("mailbox", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("caller_name", String, nullable=False),
    Column("left_at", UtcTime, nullable=False),  # when he began to speak
    Column("shortest_ms", Integer, nullable=False),
    Column("state", String, nullable=False),  # waiting | done | empty | failed | deleted
    Column("path", String),  # of one that is deleted: its file is still to be removed
    Column("duration_ms", BigInteger),
    Column("size_bytes", BigInteger),
    Column("error", Text),
    Column("finished_at", UtcTime),
    Column("heard_at", UtcTime),
    Column("deleted_at", UtcTime),
    Column("deleted_by", Text),  # the login name, or `retention`
    Index("voice_message_state_finished_at", "state", "finished_at"),
    Index("voice_message_tenant_mailbox_left_at", "tenant", "mailbox", "left_at"),
)

# The mail of a voice message, one row each.
message_mail = Table(
    "message_mail",
    metadata,
    Column("message", String, primary_key=True),
    Column("recipient", String, nullable=False),
    Column("state", String, nullable=False),  # waiting | sent | refused | failed | dropped | none
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_attempt_at", UtcTime),
    Column("error", Text),
    Column("finished_at", UtcTime),
    Index("message_mail_state_next_attempt_at", "state", "next_attempt_at"),
)

# Orders to ring a caller back, one row a call: the last order counts.
callback_order = Table(
    "callback_order",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("number", String, nullable=False),
    Column("queue", String),
    Column("ordered_at", UtcTime, nullable=False),
    Index("callback_order_tenant_ordered_at", "tenant", "ordered_at"),
)

# Tickets that calls got.
ticket = Table(
    "ticket",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("ticket", String, primary_key=True),
    Column("call_id", String, nullable=False),  # that opened it; empty where no call did
    Column("caller", String, nullable=False),  # whose it is, E.164
    Column("subject", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("state", String, nullable=False, server_default="open"),  # open | answered | waiting | closed
    Column("operator", String),  # who last talked about it
    Column("client", String),  # whose it is, where he is known
    Column("changed_at", UtcTime),
    Column("revision", BigInteger, nullable=False, server_default="0"),  # see `list_revision`
    Index("ticket_tenant_opened_at", "tenant", "opened_at"),
    Index("ticket_tenant_revision", "tenant", "revision"),
)

# Marks that callers gave, one row a question.
survey_answer = Table(
    "survey_answer",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("visit", String, primary_key=True),  # of the survey: a call may come to several
    Column("question", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("mark", Integer, nullable=False),
    Column("operator", String),  # who talked with the caller last before it
    Column("answered_at", UtcTime, nullable=False),
    Column("queue", String),  # that the call had waited in
    Column("comment", String),  # the voice message that the caller spoke about a low mark
    Index("survey_answer_tenant_answered_at", "tenant", "answered_at"),
)

# The content of every scenario version that a call ran on.
scenario_version = Table(
    "scenario_version",
    metadata,
    Column("version", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("scenario", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
)

# When which version of a scenario went live, and by whom; `version` is empty where the scenario went away.
scenario_activation = Table(
    "scenario_activation",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("scenario", String, primary_key=True),
    Column("live_at", UtcTime, primary_key=True),
    Column("version", String, nullable=False),
    Column("changed_by", String, nullable=False),
    Column("cause", String, nullable=False),  # saved | apply | rollback to VERSION | removed
    Column("text", Text, nullable=False),  # the file as it was written, comments and all
)

# Who listened to whose talk: one row for each stretch in one mode. `call_id` is the listener's call.
listening = Table(
    "listening",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("stretch", Integer, primary_key=True),  # of the call, from 1
    Column("tenant", String, nullable=False),
    Column("listener", String, nullable=False),  # his extension
    Column("extension", String, nullable=False),  # of whom he listened to
    Column("mode", String, nullable=False),  # listen | whisper | join
    Column("listened_call_id", String, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Index("listening_tenant_started_at", "tenant", "started_at"),
    Index("listening_listened_call_id", "listened_call_id"),
)

# Who was there to serve queues, and who was not: a row for each stretch of time, also while it lasts.
presence = Table(
    "presence",
    metadata,
    Column("stretch", String, primary_key=True),  # the name of its stream in the journal
    Column("tenant", String, nullable=False),
    Column("extension", String, nullable=False),
    Column("queue", String, nullable=False),  # "": all of his queues
    # joined | left | paused | wrap_up | offline | do_not_disturb | off_duty
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),  # of a pause
    Column("call_id", String, nullable=False),  # that a wrap-up follows
    Column(
        "begun_by", String, nullable=False
    ),  # an extension, vats (USER), file, telephone, hours, misses, talk
    Column("ended_by", String, nullable=False),  # the same, or time
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),  # None while it lasts
    Index("presence_tenant_started_at", "tenant", "started_at"),
    Index("presence_tenant_extension", "tenant", "extension", "started_at"),
)
