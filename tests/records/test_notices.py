"""F42: what other systems are to be told is noted once, with what it was found out from."""

import json

import pytest
from sqlalchemy import Connection, select

from engine.directory.notice_kinds import KINDS
from engine.records.notices import emit
from engine.store.database import Database
from engine.store.service_tables import notice


async def test_the_same_event_is_noted_once_whatever_is_derived_later(database: Database) -> None:
    def work(connection: Connection) -> list[bool]:
        return [
            emit(connection, "romashka", "rating.low", "call.1", 1000, {"mark": 1}),
            emit(connection, "romashka", "rating.low", "call.1", 2000, {"mark": 2}),
            emit(connection, "vektor", "rating.low", "call.1", 3000, {"mark": 1}),
            emit(connection, "romashka", "task.missed", "call.1", 4000, {}),
        ]

    assert await database.transaction(work) == [True, False, True, True]
    assert await database.transaction(work) == [False] * 4
    async with database.read() as connection:
        rows = (await connection.execute(select(notice).order_by(notice.c.notice))).all()
    assert [(row.tenant, row.kind, row.at, json.loads(row.data)) for row in rows] == [
        ("romashka", "rating.low", 1000, {"mark": 1}),
        ("vektor", "rating.low", 3000, {"mark": 1}),
        ("romashka", "task.missed", 4000, {}),
    ]


async def test_what_is_rolled_back_was_never_noted(database: Database) -> None:
    def work(connection: Connection) -> None:
        emit(connection, "romashka", "rating.low", "call.1", 1000, {})
        raise LookupError

    with pytest.raises(LookupError):
        await database.transaction(work)
    async with database.read() as connection:
        assert (await connection.execute(select(notice))).all() == []


async def test_texts_of_strangers_do_no_harm(database: Database) -> None:
    strange = {"caller": "a\0b\ud800", "name": 'Иван \\u0000 "Ы"'}
    await database.transaction(lambda one: emit(one, "romashka", "rating.low", "x", 1, strange))
    async with database.read() as connection:
        (row,) = (await connection.execute(select(notice))).all()
    assert json.loads(row.data) == strange


async def test_an_unknown_kind_is_a_mistake_of_ours(database: Database) -> None:
    with pytest.raises(ValueError, match=r"unknown kind of notice rating\.lost"):
        await database.transaction(lambda one: emit(one, "romashka", "rating.lost", "x", 1, {}))


def test_each_kind_has_an_example_with_exactly_its_fields() -> None:
    for name, kind in KINDS.items():
        assert kind.example.keys() == kind.fields.keys(), name
