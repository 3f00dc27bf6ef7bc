"""What happened in queues: a row for each wait, and one for each ring. Views for others are in `views.py`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from engine.store.metadata import metadata
from engine.store.types import UtcTime

queue_visit = Table(
    "queue_visit",
    metadata,
    Column("call_id", String, ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
    Column("visit", Integer, primary_key=True, autoincrement=False),  # of the call, from 1
    Column("tenant", String, nullable=False),
    Column("queue", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("entered_at", UtcTime, nullable=False),
    Column("left_at", UtcTime, nullable=False),
    Column("wait_ms", BigInteger, nullable=False),
    # talked | abandoned | timeout | unavailable | full | callback | key | fallback | failed
    Column("outcome", String, nullable=False),
    Column("extension", String, nullable=False),  # who talked; "": nobody
    Column("talk_ms", BigInteger, nullable=False),
    Index("queue_visit_tenant_entered_at", "tenant", "entered_at"),
)

queue_offer = Table(
    "queue_offer",
    metadata,
    Column("call_id", String, ForeignKey("call.call_id", ondelete="CASCADE"), primary_key=True),
    Column("offer", Integer, primary_key=True, autoincrement=False),  # of the call, from 1
    Column("visit", Integer, nullable=False),
    Column("tenant", String, nullable=False),
    Column("queue", String, nullable=False),
    Column("extension", String, nullable=False),
    Column("offered_at", UtcTime, nullable=False),
    Column("ring_ms", BigInteger, nullable=False),
    Column("result", String, nullable=False),  # as in `leg`
    Index("queue_offer_tenant_offered_at", "tenant", "offered_at"),
)
