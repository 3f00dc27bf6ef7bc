"""Forms that were filled in of calls: a row for each version."""

from sqlalchemy import Column, Index, String, Table, Text

from engine.store.metadata import metadata
from engine.store.types import UtcTime

call_form = Table(
    "call_form",
    metadata,
    Column("form", String, primary_key=True),  # the name of its stream in the journal
    # No foreign key: it may be filled in before the call has ended, and has a record.
    Column("call_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("caller_name", String, nullable=False),
    Column("number", String, nullable=False),  # that was called
    Column("filled_at", UtcTime, nullable=False),
    Column("filled_by", String, nullable=False),  # an extension, pult/201 for a secretary, or a login
    Column("labels", Text, nullable=False),  # JSON: what the fields were called then
    Column("form_values", Text, nullable=False),  # JSON: texts and numbers by field
    Index("call_form_call_id", "call_id", "filled_at"),
    Index("call_form_tenant_filled_at", "tenant", "filled_at"),
)
