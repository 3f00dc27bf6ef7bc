"""When which version of a scenario was live, by whom, and the text as it was written."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "scenario_activation",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("scenario", sa.String, nullable=False),
        sa.Column("live_at", UtcTime, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "scenario", "live_at", name="scenario_activation_pk"),
    )
