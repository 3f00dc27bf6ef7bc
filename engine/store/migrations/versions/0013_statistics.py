"""How callers waited, and who served them."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

CDR_QUEUE = """
    CREATE VIEW cdr_queue AS SELECT
        queue_visit.call_id AS call_id,
        queue_visit.visit AS visit,
        queue_visit.tenant AS tenant,
        queue_visit.queue AS queue,
        queue_visit.caller AS caller,
        queue_visit.entered_at AS entered_at,
        queue_visit.left_at AS left_at,
        CAST(queue_visit.wait_ms AS DOUBLE PRECISION) / 1000 AS wait_s,
        queue_visit.outcome AS outcome,
        queue_visit.extension AS extension,
        CAST(queue_visit.talk_ms AS DOUBLE PRECISION) / 1000 AS talk_s
    FROM queue_visit
"""
CDR_OFFER = """
    CREATE VIEW cdr_offer AS SELECT
        queue_offer.call_id AS call_id,
        queue_offer.offer AS offer,
        queue_offer.visit AS visit,
        queue_offer.tenant AS tenant,
        queue_offer.queue AS queue,
        queue_offer.extension AS extension,
        queue_offer.offered_at AS offered_at,
        CAST(queue_offer.ring_ms AS DOUBLE PRECISION) / 1000 AS ring_s,
        queue_offer.result AS result
    FROM queue_offer
"""


def upgrade() -> None:
    op.create_table(
        "queue_visit",
        sa.Column("call_id", sa.String, sa.ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("visit", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("queue", sa.String, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("entered_at", UtcTime, nullable=False),
        sa.Column("left_at", UtcTime, nullable=False),
        sa.Column("wait_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("talk_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("queue_visit_tenant_entered_at", "queue_visit", ["tenant", "entered_at"])
    op.create_table(
        "queue_offer",
        sa.Column("call_id", sa.String, sa.ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("offer", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("visit", sa.Integer, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("queue", sa.String, nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("offered_at", UtcTime, nullable=False),
        sa.Column("ring_ms", sa.BigInteger, nullable=False),
        sa.Column("result", sa.String, nullable=False),
    )
    op.create_index("queue_offer_tenant_offered_at", "queue_offer", ["tenant", "offered_at"])
    op.execute(CDR_QUEUE)
    op.execute(CDR_OFFER)
