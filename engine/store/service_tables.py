"""Tables of tasks with deadlines, and of notices to others' systems."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from engine.store.metadata import metadata
from engine.store.types import UtcTime

# What somebody has to do for a caller by a certain time, one row a task.
task = Table(
    "task",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # of the tenant's, from 1
    Column("source", String, nullable=False),  # what it was opened for: message:NAME, ticket:1007, call:ID, …
    Column("kind", String, nullable=False),  # callback | ticket | missed | other
    Column("severity", Integer, nullable=False),  # 1 is the most urgent of five
    Column("caller", String, nullable=False),  # the number to ring, E.164; "" where there is none
    Column("caller_name", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("call_id", String, nullable=False),  # "" where no call opened it
    Column("ticket", String),
    Column("message", String),  # the voice message
    Column("opened_at", UtcTime, nullable=False),
    Column("first_answer_by", UtcTime, nullable=False),
    Column("next_step_by", UtcTime, nullable=False),
    Column("taken_by", String),
    Column("taken_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("answered_by", String),
    Column("stepped_at", UtcTime),
    Column("stepped_by", String),
    Column("done_at", UtcTime),
    Column("done_by", String),
    Column("level", Integer, nullable=False),  # of support: 1, from an escalation on 2
    Index("task_tenant_source", "tenant", "source", unique=True),
    Index("task_tenant_done_at", "tenant", "done_at"),
    Index("task_tenant_caller", "tenant", "caller"),
    Index("task_tenant_opened_at", "tenant", "opened_at"),
)

# What was done about a task, one row an act.
task_act = Table(
    "task_act",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("act", Integer, primary_key=True, autoincrement=False),  # of the task's, from 1
    Column("at", UtcTime, nullable=False),
    Column("what", String, nullable=False),  # opened | taken | answered | … | warning | missed | escalated
    Column("by", String, nullable=False),  # an extension or login name; "" by itself
    Column("note", Text, nullable=False),
)

# When a task is to be looked at: before a deadline, at it, and when it goes to the second level.
task_alarm = Table(
    "task_alarm",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),  # warning | missed | escalation
    Column("deadline", String, primary_key=True),  # first_answer | next_step
    Column("at", UtcTime, nullable=False),
    Column("looked_at", UtcTime),  # when that was done
    Column("told", Integer, nullable=False),  # 1: it was told; 0: not yet, or there was no need
    Index("task_alarm_looked_at_at", "looked_at", "at"),
)

# What others' systems are to be told, one row an event.
notice = Table(
    "notice",
    metadata,
    Column("notice", Integer, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Column("spread_at", UtcTime),  # when it was written down for each of the tenant's receivers
    Index("notice_tenant_kind_key", "tenant", "kind", "key", unique=True),
    Index("notice_spread_at", "spread_at"),
)

# A notice on its way to one receiver, one row each.
notice_delivery = Table(
    "notice_delivery",
    metadata,
    Column("notice", Integer, primary_key=True, autoincrement=False),
    Column("receiver", String, primary_key=True),  # its name in the tenant's file
    Column("tenant", String, nullable=False),
    Column("state", String, nullable=False),  # waiting | sent | refused | failed | dropped
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_attempt_at", UtcTime),
    Column("status", Integer),  # the last answer's
    Column("error", Text),
    Column("finished_at", UtcTime),
    Column("milliseconds", BigInteger),  # how long the last attempt took
    Index("notice_delivery_state_next_attempt_at", "state", "next_attempt_at"),
    Index("notice_delivery_tenant_created_at", "tenant", "created_at"),
)
