"""Voice messages by mail, and who deleted which."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("voice_message", sa.Column("deleted_at", UtcTime))
    op.add_column("voice_message", sa.Column("deleted_by", sa.Text))
    op.drop_index("voice_message_state", "voice_message")
    op.create_index("voice_message_state_finished_at", "voice_message", ["state", "finished_at"])
    op.create_table(
        "message_mail",
        sa.Column("message", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("next_attempt_at", UtcTime),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", UtcTime),
        sa.PrimaryKeyConstraint("message", name="message_mail_pk"),
    )
    op.create_index("message_mail_state_next_attempt_at", "message_mail", ["state", "next_attempt_at"])
