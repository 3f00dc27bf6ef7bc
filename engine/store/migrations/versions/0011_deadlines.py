"""Tasks with deadlines, and events on their way to others."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("survey_answer", sa.Column("queue", sa.String))
    op.add_column("survey_answer", sa.Column("comment", sa.String))
    op.create_table(
        "task",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("caller_name", sa.String, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("ticket", sa.String),
        sa.Column("message", sa.String),
        sa.Column("opened_at", UtcTime, nullable=False),
        sa.Column("first_answer_by", UtcTime, nullable=False),
        sa.Column("next_step_by", UtcTime, nullable=False),
        sa.Column("taken_by", sa.String),
        sa.Column("taken_at", UtcTime),
        sa.Column("answered_at", UtcTime),
        sa.Column("answered_by", sa.String),
        sa.Column("stepped_at", UtcTime),
        sa.Column("stepped_by", sa.String),
        sa.Column("done_at", UtcTime),
        sa.Column("done_by", sa.String),
        sa.Column("level", sa.Integer, nullable=False),
    )
    op.create_index("task_tenant_source", "task", ["tenant", "source"], unique=True)
    op.create_index("task_tenant_done_at", "task", ["tenant", "done_at"])
    op.create_index("task_tenant_caller", "task", ["tenant", "caller"])
    op.create_index("task_tenant_opened_at", "task", ["tenant", "opened_at"])
    op.create_table(
        "task_act",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("act", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )

    op.create_table(
        "task_alarm",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("deadline", sa.String, primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("looked_at", UtcTime),
        sa.Column("told", sa.Integer, nullable=False),
    )
    op.create_index("task_alarm_looked_at_at", "task_alarm", ["looked_at", "at"])
    op.create_table(
        "notice",
        sa.Column("notice", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("spread_at", UtcTime),
    )
    op.create_index("notice_tenant_kind_key", "notice", ["tenant", "kind", "key"], unique=True)
    op.create_index("notice_spread_at", "notice", ["spread_at"])
    op.create_table(
        "notice_delivery",
        sa.Column("notice", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receiver", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("next_attempt_at", UtcTime),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", UtcTime),
        sa.Column("milliseconds", sa.BigInteger),
    )
    op.create_index("notice_delivery_state_next_attempt_at", "notice_delivery", ["state", "next_attempt_at"])
    op.create_index("notice_delivery_tenant_created_at", "notice_delivery", ["tenant", "created_at"])
