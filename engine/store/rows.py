"""Statements that run all the time, compiled once: SQLAlchemy's work for each costs more than its rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert, Update

from engine.store.types import UtcTime, to_datetime, to_text

_encoder = msgspec.json.Encoder()


class RowStatement:
    """An insert or update of many rows; `make(dialect)` builds it for `sqlite` or `postgresql`.

    Rows are mappings with all of `names`: columns of `table`, or the statement's own parameters.
    """

    def __init__(self, table: Table, names: Sequence[str], make: Callable[[str], Insert | Update]) -> None:
        self._table = table
        self._names = tuple(names)
        self._make = make
        self._compiled: dict[str, tuple[str, tuple[str, ...], tuple[int, ...]]] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Nothing for no rows. Times are UTC milliseconds. Database errors pass through."""
        if not rows:
            return
        sql, order, times = self._of(connection)
        convert = to_datetime if connection.dialect.name == "postgresql" else to_text
        found = []
        for row in rows:
            values: list[Any] = [row[name] for name in order]
            for at in times:
                if values[at] is not None:
                    values[at] = convert(values[at])
            found.append(tuple(values))
        connection.exec_driver_sql(sql, found)

    def _of(self, connection: Connection) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
        dialect = connection.dialect
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled: Any = self._make(dialect.name).compile(dialect=dialect, column_keys=list(self._names))
            order = tuple(compiled.positiontup)
            columns = self._table.columns
            times = [at for at, name in enumerate(order) if name in columns]
            utc = tuple(at for at in times if isinstance(columns[order[at]].type, UtcTime))
            known = self._compiled[dialect.name] = (str(compiled), order, utc)
        return known


def upsert(table: Table) -> RowStatement:
    """Insert whole rows, or bring those with the same key up to date."""
    keys = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns]

    def make(dialect: str) -> Insert:
        statement: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
        changed = {name: statement.excluded[name] for name in names if name not in keys}
        made: Insert = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        return made

    return RowStatement(table, names, make)


class ListQuery:
    """A query with one list of texts: `{ids}` in `sql` stands for it, `… WHERE call_id IN {ids}`."""

    def __init__(self, sql: str) -> None:
        self._sql = {
            "sqlite": sql.format(ids="(SELECT value FROM json_each(?))"),
            "postgresql": sql.format(ids="(SELECT unnest($1::VARCHAR[]))"),
        }

    def run(self, connection: Connection, ids: Sequence[str]) -> Sequence[Any]:
        """All rows, with the values as the driver gives them. Database errors pass through."""
        name = connection.dialect.name
        value: Any = list(ids) if name == "postgresql" else _encoder.encode(list(ids)).decode()
        return connection.exec_driver_sql(self._sql[name], (value,)).all()
