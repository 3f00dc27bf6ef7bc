"""Revisions of a tenant's lists, by which readers find what has changed since they last looked."""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.client_tables import list_revision

_OF = list_revision.c


def next_revision(connection: Connection, tenant: str, name: str) -> int:
    """The revision of a change that is about to be made; others who change the list wait until it is done.

    `name`: clients or tickets. It counts once `set_revision` has been called.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        insert(list_revision).values(tenant=tenant, list=name, revision=0).on_conflict_do_nothing()
    )
    statement = select(_OF.revision).where(_OF.tenant == tenant, _OF.list == name).with_for_update()
    return int(connection.execute(statement).scalar_one()) + 1


def set_revision(connection: Connection, tenant: str, name: str, revision: int) -> None:
    """What has been written with that revision is there."""
    connection.execute(
        update(list_revision).where(_OF.tenant == tenant, _OF.list == name).values(revision=revision)
    )


def revisions(connection: Connection, name: str) -> dict[str, int]:
    """The last revision of each tenant's list."""
    rows = connection.execute(select(_OF.tenant, _OF.revision).where(_OF.list == name))
    return {row[0]: row[1] for row in rows}
