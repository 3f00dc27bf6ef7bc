"""Noting what other systems are to be told, in the transaction that finds it out."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from engine.directory.notice_kinds import KINDS, TEST
from engine.store.service_tables import notice


def emit(
    connection: Connection, tenant: str, kind: str, key: str, at: int, data: Mapping[str, object]
) -> bool:
    """Note an event of `kind` at `at` (UTC ms) for the tenant's receivers; whether it is new.

    The same (tenant, kind, key) again changes nothing, whatever `data` is: derive it as often as you like.
    Raises `ValueError` for a kind that `notice_kinds.py` does not have. Database errors pass through.
    """
    if kind not in KINDS and kind != TEST:
        raise ValueError(f"unknown kind of notice {kind}, expected one of {', '.join(KINDS)}")
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # In ASCII: neither NUL nor halves of characters, which phones may send, reach the database as such.
    row = {"tenant": tenant, "kind": kind, "key": key, "at": at, "data": json.dumps(data)}
    statement = insert(notice).values(row).on_conflict_do_nothing(index_elements=["tenant", "kind", "key"])
    return bool(connection.execute(statement).rowcount)
