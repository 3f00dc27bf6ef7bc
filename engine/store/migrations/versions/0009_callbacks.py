"""Callbacks: ordered, tried, done; a specialist's booked times."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

CDR_CALLBACK = """
    CREATE VIEW cdr_callback AS SELECT
        callback_attempt.call_id AS call_id,
        callback_attempt.callback AS callback,
        callback_attempt.attempt AS attempt,
        callback.tenant AS tenant,
        callback.call_id AS ordered_in,
        callback.source AS source,
        callback.number AS number,
        callback.queue AS queue,
        callback.ordered_at AS ordered_at,
        callback_attempt.result AS result,
        callback_attempt.operator AS operator,
        callback.state AS state,
        callback.reason AS reason
    FROM callback_attempt JOIN callback ON callback.callback = callback_attempt.callback
"""


def upgrade() -> None:
    op.create_table(
        "callback",
        sa.Column("callback", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("queue", sa.String),
        sa.Column("extension", sa.String),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("call_id", sa.String),
        sa.Column("order_key", sa.String),
        sa.Column("ordered_at", UtcTime, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("not_before", UtcTime),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("operator", sa.String),
        sa.Column("closed_at", UtcTime),
        sa.Column("closed_by", sa.String),
    )
    op.create_index("callback_tenant_ordered_at", "callback", ["tenant", "ordered_at"])
    op.create_index("callback_tenant_state", "callback", ["tenant", "state"])
    op.create_index("callback_ordered_at", "callback", ["ordered_at"])
    op.create_table(
        "callback_attempt",
        sa.Column("callback", sa.String, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("operators", sa.String, nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.Column("result", sa.String),
        sa.Column("operator", sa.String),
    )
    op.create_index("callback_attempt_call_id", "callback_attempt", ["call_id"])
    op.create_table(
        "booking",
        sa.Column("booking", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("starts_at", UtcTime, nullable=False),
        sa.Column("ends_at", UtcTime, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("booking_key", sa.String),
        sa.Column("booked_at", UtcTime, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("cancelled_at", UtcTime),
        sa.Column("cancelled_by", sa.String),
    )
    op.create_index("booking_tenant_booking_key", "booking", ["tenant", "booking_key"], unique=True)
    op.create_index("booking_tenant_starts_at", "booking", ["tenant", "starts_at"])
    op.create_index("booking_state_starts_at", "booking", ["state", "starts_at"])
    op.create_table(
        "booking_cell",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("extension", sa.String, primary_key=True),
        sa.Column("cell_at", UtcTime, primary_key=True),
        sa.Column("booking", sa.String, nullable=False),
    )
    op.create_index("booking_cell_booking", "booking_cell", ["booking"])
    op.execute(CDR_CALLBACK)
