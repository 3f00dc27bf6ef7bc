"""Clients imported, tickets and the calls that belong to them, texts to people, heavy users."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0010"
down_revision: str | None = "0009"
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
            FROM recording WHERE recording.call_id = call.call_id) AS recording_deleted_at,
        call.continues AS continues
    FROM call
"""


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("client", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("company", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("contract", sa.String, nullable=False),
        sa.Column("plan", sa.String, nullable=False),
        sa.Column("specialist", sa.String, nullable=False),
        sa.Column("substitute", sa.String, nullable=False),
        sa.Column("priority", sa.Integer),
        sa.Column("caller_group", sa.String, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
    )
    op.create_index("client_tenant_revision", "client", ["tenant", "revision"])
    op.create_index("client_tenant_company", "client", ["tenant", "company"])
    op.create_table(
        "client_number",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("number", sa.String, primary_key=True),
        sa.Column("client", sa.String, nullable=False),
    )
    op.create_index("client_number_tenant_client", "client_number", ["tenant", "client"])
    op.create_table(
        "list_revision",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("list", sa.String, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ticket_act",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("ticket", sa.String, primary_key=True),
        sa.Column("act", sa.String, primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "ticket_call",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("ticket", sa.String, primary_key=True),
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("linked_at", UtcTime, nullable=False),
    )
    op.create_index("ticket_call_call_id", "ticket_call", ["call_id"])
    op.create_table(
        "text_message",
        sa.Column("message", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("via", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("next_attempt_at", UtcTime),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", UtcTime),
    )
    op.create_index("text_message_state_next_attempt_at", "text_message", ["state", "next_attempt_at"])
    op.create_table(
        "heavy_user",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("client", sa.String),
        sa.Column("crossed_at", UtcTime, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("heavy_user_tenant_crossed_at", "heavy_user", ["tenant", "crossed_at"])
    op.add_column("ticket", sa.Column("state", sa.String, nullable=False, server_default="open"))
    op.add_column("ticket", sa.Column("operator", sa.String))
    op.add_column("ticket", sa.Column("client", sa.String))
    op.add_column("ticket", sa.Column("changed_at", UtcTime))
    op.add_column("ticket", sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ticket_tenant_revision", "ticket", ["tenant", "revision"])
    # Of tickets from before there were states.
    op.execute(
        "INSERT INTO ticket_call (tenant, ticket, call_id, linked_at)"
        " SELECT tenant, ticket, call_id, opened_at FROM ticket"
    )
    op.execute("UPDATE ticket SET revision = 1")
    op.execute(
        "INSERT INTO list_revision (tenant, list, revision) SELECT DISTINCT tenant, 'tickets', 1 FROM ticket"
    )
    op.add_column("call", sa.Column("continues", sa.String))
    op.create_index("call_tenant_caller_ended_at", "call", ["tenant", "caller", "ended_at"])
    if op.get_bind().dialect.name == "postgresql":
        # Others' views on this one stay.
        op.execute(CDR.format(create="CREATE OR REPLACE"))
    else:
        op.execute("DROP VIEW cdr")
        op.execute(CDR.format(create="CREATE"))
