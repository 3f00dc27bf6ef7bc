"""Where a finished recording lies, and the note that a deleted one leaves."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

CDR = """
    {create} VIEW cdr AS SELECT
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
        call.clock_jump_ms AS clock_jump_ms,
        (SELECT recording.deleted_at
            FROM recording WHERE recording.call_id = call.call_id) AS recording_deleted_at
    FROM call
"""


def upgrade() -> None:
    op.add_column("recording", sa.Column("store", sa.String, nullable=False, server_default="local"))
    op.add_column("recording", sa.Column("deleted_at", UtcTime))
    op.add_column("recording", sa.Column("deleted_why", sa.String))
    op.create_index("recording_tenant_started_at", "recording", ["tenant", "started_at"])
    op.create_index("recording_store_state", "recording", ["store", "state"])
    if op.get_bind().dialect.name == "postgresql":
        # Others' views on this one stay.
        op.execute(CDR.format(create="CREATE OR REPLACE"))
    else:
        op.execute("DROP VIEW cdr")
        op.execute(CDR.format(create="CREATE"))
