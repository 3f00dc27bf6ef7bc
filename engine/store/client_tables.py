"""Tables of imported clients, of what was done about tickets, of texts to people, of heavy users."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from engine.store.metadata import metadata
from engine.store.types import UtcTime

# Imported clients, one row each; one that is gone leaves its key, so that readers learn of it.
client = Table(
    "client",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("client", String, primary_key=True),
    Column("state", String, nullable=False),  # live | gone
    Column("revision", BigInteger, nullable=False),  # of the tenant's clients; the highest is the last change
    Column("name", String, nullable=False),
    Column("company", String, nullable=False),
    Column("email", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("plan", String, nullable=False),
    Column("specialist", String, nullable=False),
    Column("substitute", String, nullable=False),
    Column("priority", Integer),
    Column("caller_group", String, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Index("client_tenant_revision", "tenant", "revision"),
    Index("client_tenant_company", "tenant", "company"),
)

# The numbers of those who are live, E.164; a number is one client's.
client_number = Table(
    "client_number",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("number", String, primary_key=True),
    Column("client", String, nullable=False),
    Index("client_number_tenant_client", "tenant", "client"),
)

# How often a tenant's clients, or tickets, have changed. Whoever changes them holds this row, so that their
# revisions are seen in order.
list_revision = Table(
    "list_revision",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("list", String, primary_key=True),  # clients | tickets
    Column("revision", BigInteger, nullable=False),
)

# What was done about a ticket, one row each; `act` is CALL.seq of what a call did.
ticket_act = Table(
    "ticket_act",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("ticket", String, primary_key=True),
    Column("act", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("what", String, nullable=False),  # opened | called | answered | state | note | linked | told
    Column("by", String, nullable=False),  # caller, an extension, or a login name
    Column("text", Text, nullable=False),
)

# Which calls are about a ticket.
ticket_call = Table(
    "ticket_call",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("ticket", String, primary_key=True),
    Column("call_id", String, primary_key=True),
    Column("linked_at", UtcTime, nullable=False),
    Index("ticket_call_call_id", "call_id"),
)

# Short texts to callers and managers, by SMS or e-mail.
text_message = Table(
    "text_message",
    metadata,
    Column("message", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("via", String, nullable=False),  # sms | email
    Column("recipient", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String, nullable=False),  # waiting | sent | refused | failed
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_attempt_at", UtcTime),
    Column("error", Text),
    Column("finished_at", UtcTime),
    Index("text_message_state_next_attempt_at", "state", "next_attempt_at"),
)

# When somebody had called more than a rule allows: the call with which he crossed it.
heavy_user = Table(
    "heavy_user",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("subject", String, primary_key=True),  # a company, a client's key, or a number
    Column("call_id", String, primary_key=True),
    Column("client", String),
    Column("crossed_at", UtcTime, nullable=False),
    Column("since", UtcTime, nullable=False),  # the beginning of the time counted
    Column("calls", Integer, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Index("heavy_user_tenant_crossed_at", "tenant", "crossed_at"),
)
