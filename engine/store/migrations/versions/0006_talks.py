"""Who talked with whom: a call may be passed on."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import UtcTime

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

CDR_TALK = """
    CREATE VIEW cdr_talk AS SELECT
        talk.call_id AS call_id,
        talk.talk AS talk,
        call.tenant AS tenant,
        talk.kind AS kind,
        talk.one AS one,
        talk.other AS other,
        talk.started_at AS started_at,
        talk.ended_at AS ended_at,
        CAST(talk.talk_ms AS DOUBLE PRECISION) / 1000 AS talk_s
    FROM talk JOIN call ON call.call_id = talk.call_id
"""


def upgrade() -> None:
    op.create_table(
        "talk",
        sa.Column("call_id", sa.String, sa.ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("talk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("one", sa.String, nullable=False),
        sa.Column("other", sa.String, nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime, nullable=False),
        sa.Column("talk_ms", sa.BigInteger, nullable=False),
    )
    op.execute(CDR_TALK)
