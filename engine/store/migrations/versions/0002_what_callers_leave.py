"""What callers leave: voice messages, orders to be rung back, tickets, marks."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "voice_message",
        sa.Column("message", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("mailbox", sa.String, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("caller_name", sa.String, nullable=False),
        sa.Column("left_at", UtcTime, nullable=False),
        sa.Column("shortest_ms", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),  # waiting | done | empty | failed
        sa.Column("path", sa.String),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", UtcTime),
        sa.Column("heard_at", UtcTime),
        sa.PrimaryKeyConstraint("message", name="voice_message_pk"),
    )
    op.create_index("voice_message_state", "voice_message", ["state"])
    op.create_index("voice_message_tenant_mailbox_left_at", "voice_message", ["tenant", "mailbox", "left_at"])
    op.create_table(
        "callback_order",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("queue", sa.String),
        sa.Column("ordered_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="callback_order_pk"),
    )
    op.create_index("callback_order_tenant_ordered_at", "callback_order", ["tenant", "ordered_at"])
    op.create_table(
        "ticket",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("ticket", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("opened_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ticket", name="ticket_pk"),
    )
    op.create_index("ticket_tenant_opened_at", "ticket", ["tenant", "opened_at"])
    op.create_table(
        "survey_answer",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("visit", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False),
        sa.Column("operator", sa.String),
        sa.Column("answered_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "visit", "question", name="survey_answer_pk"),
    )
    op.create_index("survey_answer_tenant_answered_at", "survey_answer", ["tenant", "answered_at"])
