"""The first tables: the journal, what is derived from it, and the views that others read."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

# Frozen as they were; a later migration drops a view and makes it anew.
CDR = """
    CREATE VIEW cdr AS SELECT
        call.call_id AS call_id,
        call.tenant AS tenant,
        call.direction AS direction,
        call.number AS number,
        call.caller AS caller,
        call.caller_name AS caller_name,
        call.callee AS callee,
        call.scenario AS scenario,
        call.scenario_version AS scenario_version,
        call.started_at AS started_at,
        call.answered_at AS answered_at,
        call.talk_started_at AS talk_started_at,
        call.ended_at AS ended_at,
        CAST(call.duration_ms AS DOUBLE PRECISION) / 1000 AS duration_s,
        CAST(call.talk_ms AS DOUBLE PRECISION) / 1000 AS talk_s,
        (SELECT COALESCE(SUM(charge_line.billable_s), 0)
            FROM charge_line WHERE charge_line.call_id = call.call_id) AS billable_s,
        call.disposition AS disposition,
        call.ended_by AS ended_by,
        call.source AS source,
        call.hangup_cause AS hangup_cause,
        call.queue AS queue,
        CAST(call.wait_ms AS DOUBLE PRECISION) / 1000 AS wait_s,
        call.operator AS operator,
        (SELECT recording.path
            FROM recording WHERE recording.call_id = call.call_id AND recording.state = 'done') AS recording,
        call.ticket AS ticket,
        call.rating AS rating,
        (SELECT CAST(COALESCE(SUM(charge_line.kopecks), 0) AS BIGINT)
            FROM charge_line WHERE charge_line.call_id = call.call_id) AS cost_kopecks,
        (SELECT MAX(charge_line.package_id)
            FROM charge_line WHERE charge_line.call_id = call.call_id) AS package_id,
        call.node AS node,
        call.trunk AS trunk,
        call.clock_jump_ms AS clock_jump_ms
    FROM call
"""

CDR_LEG = """
    CREATE VIEW cdr_leg AS SELECT
        leg.call_id AS call_id,
        leg.leg AS leg,
        call.tenant AS tenant,
        leg.role AS role,
        leg.endpoint AS endpoint,
        leg.extension AS extension,
        leg.number AS number,
        leg.created_at AS created_at,
        leg.ringing_at AS ringing_at,
        leg.answered_at AS answered_at,
        leg.ended_at AS ended_at,
        CAST(leg.ring_ms AS DOUBLE PRECISION) / 1000 AS ring_s,
        CAST(leg.talk_ms AS DOUBLE PRECISION) / 1000 AS talk_s,
        leg.result AS result,
        leg.hangup_cause AS hangup_cause
    FROM leg JOIN call ON call.call_id = leg.call_id
"""

CHARGE = """
    CREATE VIEW charge AS SELECT
        charge_line.call_id AS call_id,
        charge_line.line AS line,
        charge_line.tenant AS tenant,
        charge_line.charged_at AS charged_at,
        charge_line.kind AS kind,
        charge_line.billable_s AS billable_s,
        charge_line.kopecks AS kopecks,
        charge_line.package_id AS package_id
    FROM charge_line
"""


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("mono", sa.BigInteger, nullable=False),
        sa.Column("boot", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", name="journal_pk"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_position",
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("bytes_read", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("writer", "segment", name="journal_position_pk"),
    )
    op.create_table(
        "call",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("direction", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("caller_name", sa.String, nullable=False),
        sa.Column("callee", sa.String, nullable=False),
        sa.Column("trunk", sa.String, nullable=False),
        sa.Column("scenario", sa.String, nullable=False),
        sa.Column("scenario_version", sa.String, nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("answered_at", UtcTime),
        sa.Column("talk_started_at", UtcTime),
        sa.Column("ended_at", UtcTime, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("talk_ms", sa.BigInteger, nullable=False),
        sa.Column("metered_ms", sa.BigInteger, nullable=False),
        sa.Column("disposition", sa.String, nullable=False),
        sa.Column("ended_by", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("hangup_cause", sa.Integer, nullable=False),
        sa.Column("queue", sa.String),
        sa.Column("wait_ms", sa.BigInteger),
        sa.Column("operator", sa.String),
        sa.Column("ticket", sa.String),
        sa.Column("rating", sa.Integer),
        sa.Column("node", sa.String, nullable=False),
        sa.Column("clock_jump_ms", sa.BigInteger, nullable=False),
        sa.Column("derived_seq", sa.Integer, nullable=False),
        sa.Column("derived_entries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="call_pk"),
    )
    op.create_index("call_tenant_started_at", "call", ["tenant", "started_at"])
    op.create_index("call_started_at", "call", ["started_at"])
    op.create_table(
        "leg",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("leg", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("endpoint", sa.String, nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("ringing_at", UtcTime),
        sa.Column("answered_at", UtcTime),
        sa.Column("ended_at", UtcTime, nullable=False),
        sa.Column("ring_ms", sa.BigInteger, nullable=False),
        sa.Column("talk_ms", sa.BigInteger, nullable=False),
        sa.Column("result", sa.String, nullable=False),
        sa.Column("hangup_cause", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "leg", name="leg_pk"),
        sa.ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE", name="leg_call_id_fk"),
    )
    op.create_table(
        "charge_line",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("charged_at", UtcTime, nullable=False),
        sa.Column("kind", sa.String, nullable=False),  # call | correction
        sa.Column("billable_s", sa.Integer, nullable=False),
        sa.Column("kopecks", sa.BigInteger, nullable=False),
        sa.Column("package_id", sa.String),
        sa.PrimaryKeyConstraint("call_id", "line", name="charge_line_pk"),
        sa.ForeignKeyConstraint(["call_id"], ["call.call_id"], name="charge_line_call_id_fk"),
    )
    op.create_index("charge_line_tenant_charged_at", "charge_line", ["tenant", "charged_at"])
    op.create_table(
        "recording",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),  # waiting | done | empty | failed
        sa.Column("path", sa.String),
        sa.Column("started_at", UtcTime),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", UtcTime),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", UtcTime),
        sa.PrimaryKeyConstraint("call_id", name="recording_pk"),
    )
    op.create_index("recording_state_next_attempt_at", "recording", ["state", "next_attempt_at"])
    op.create_table(
        "scenario_version",
        sa.Column("version", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("scenario", sa.String, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("stored_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("version", name="scenario_version_pk"),
    )
    for view in (CDR, CDR_LEG, CHARGE):
        op.execute(view)
