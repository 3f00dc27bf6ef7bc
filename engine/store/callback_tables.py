"""Tables of callbacks and of booked times."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from engine.store.metadata import metadata
from engine.store.types import UtcTime

# Orders to ring somebody back, one row an order, brought up to date with each of its events.
callback = Table(
    "callback",
    metadata,
    Column("callback", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("number", String, nullable=False),
    Column("name", String, nullable=False),
    Column("topic", Text, nullable=False),
    Column("queue", String),  # null: a booked time, or one that somebody does by hand
    Column("extension", String),  # the one person who is to ring him; null: whoever the queue offers
    Column("source", String, nullable=False),  # call | automatic | api | booking
    Column("call_id", String),  # that it was ordered in
    Column("order_key", String),  # of whoever ordered it
    Column("ordered_at", UtcTime, nullable=False),
    Column("since", UtcTime, nullable=False),  # since when he waits in the queue
    Column("not_before", UtcTime),  # of the next try
    Column("state", String, nullable=False),  # waiting | ringing | closed
    Column("attempts", Integer, nullable=False),  # how often his number was rung
    Column("reason", String),  # why it is closed
    Column("operator", String),  # who talked with him
    Column("closed_at", UtcTime),
    Column("closed_by", String),
    Index("callback_tenant_ordered_at", "tenant", "ordered_at"),
    Index("callback_tenant_state", "tenant", "state"),
    Index("callback_ordered_at", "ordered_at"),
)

# Each try to reach him, one row a call that was placed.
callback_attempt = Table(
    "callback_attempt",
    metadata,
    Column("callback", String, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("call_id", String, nullable=False),
    Column("operators", String, nullable=False),  # extensions of whom he was to talk with, by commas
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("result", String),  # null: under way
    Column("operator", String),  # who answered
    Index("callback_attempt_call_id", "call_id"),
)

# Times that clients have booked with people.
booking = Table(
    "booking",
    metadata,
    Column("booking", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("extension", String, nullable=False),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("number", String, nullable=False),
    Column("name", String, nullable=False),
    Column("topic", Text, nullable=False),
    Column("booking_key", String),  # of whoever booked it: the same again is the same booking
    Column("booked_at", UtcTime, nullable=False),
    Column("state", String, nullable=False),  # booked | rung | cancelled
    Column("cancelled_at", UtcTime),
    Column("cancelled_by", String),
    Index("booking_tenant_booking_key", "tenant", "booking_key", unique=True),
    Index("booking_tenant_starts_at", "tenant", "starts_at"),
    Index("booking_state_starts_at", "state", "starts_at"),
)

# Five minutes of somebody's time, each given away once: what keeps bookings apart.
booking_cell = Table(
    "booking_cell",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("extension", String, primary_key=True),
    Column("cell_at", UtcTime, primary_key=True),
    Column("booking", String, nullable=False),
    Index("booking_cell_booking", "booking"),
)
