"""Who listened to whose talk, when, how and for how long."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "listening",
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("stretch", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("listener", sa.String, nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("listened_call_id", sa.String, nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("listening_tenant_started_at", "listening", ["tenant", "started_at"])
    op.create_index("listening_listened_call_id", "listening", ["listened_call_id"])
