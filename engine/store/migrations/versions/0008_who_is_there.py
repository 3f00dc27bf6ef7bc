"""When members of queues joined, paused and left."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "presence",
        sa.Column("stretch", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("queue", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("begun_by", sa.String, nullable=False),
        sa.Column("ended_by", sa.String, nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
    )
    op.create_index("presence_tenant_started_at", "presence", ["tenant", "started_at"])
    op.create_index("presence_tenant_extension", "presence", ["tenant", "extension", "started_at"])
