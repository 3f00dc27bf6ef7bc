"""Forms that secretaries fill in for tenants."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "call_form",
        sa.Column("form", sa.String, primary_key=True),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("caller_name", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("filled_at", UtcTime, nullable=False),
        sa.Column("filled_by", sa.String, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("form_values", sa.Text, nullable=False),
    )
    op.create_index("call_form_call_id", "call_form", ["call_id", "filled_at"])
    op.create_index("call_form_tenant_filled_at", "call_form", ["tenant", "filled_at"])
