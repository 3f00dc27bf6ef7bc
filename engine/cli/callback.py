"""`vats callback`: who is to be rung back, and what came of it."""

import json
from collections.abc import Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, select

from engine.cli.asking import ask_engine
from engine.cli.database import in_database, whoever_runs_it
from engine.cli.plain import plain
from engine.cli.tenants import tell_if_unknown
from engine.records.query import iso
from engine.store.callback_tables import callback as orders
from engine.store.callback_tables import callback_attempt as attempts

Row = dict[str, Any]
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_by = click.option("--by", default=whoever_runs_it, help="Who does it; left out: your login.")


@click.group()
def callback() -> None:
    """Callers who are to be rung back: list, order, cancel, show, try. Times are UTC.

    An order keeps its place in the queue; see also `vats queue`. How it is rung says `callback` of the queue
    in the tenant's file.
    """


@callback.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--queue", help="Only of this queue.")
@click.option("--all", "with_closed", is_flag=True, help="Also those that are closed.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The newest so many."
)
@_json
def list_(tenant: str | None, queue: str | None, with_closed: bool, limit: int, as_json: bool) -> None:
    """List orders that are open, the newest last.

    ATTEMPTS is how often the number was rung; NOT BEFORE is when it is rung next, at the earliest.
    """

    def read(connection: Connection) -> Sequence[Row]:
        statement = select(orders)
        if tenant is not None:
            statement = statement.where(orders.c.tenant == tenant)
        if queue is not None:
            statement = statement.where(orders.c.queue == queue)
        if not with_closed:
            statement = statement.where(orders.c.state != "closed")
        found = connection.execute(statement.order_by(orders.c.ordered_at.desc()).limit(limit))
        return [dict(row) for row in found.mappings()][::-1]

    rows = in_database("callback list", read)
    if not rows:
        tell_if_unknown(tenant)
    columns = ("callback", "tenant", "queue", "number", "name", "ordered_at", "not_before", "state")
    _print(rows, (*columns, "attempts", "reason"), as_json=as_json)


@callback.command()
@click.argument("order", metavar="CALLBACK")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(order: str, as_json: bool) -> None:
    """Show one order with all its tries. Exit code 1 where there is none of this name."""

    def read(connection: Connection) -> tuple[Row | None, Sequence[Row]]:
        found = connection.execute(select(orders).where(orders.c.callback == order)).mappings().first()
        tries = select(attempts).where(attempts.c.callback == order).order_by(attempts.c.attempt)
        return dict(found) if found else None, [dict(row) for row in connection.execute(tries).mappings()]

    found, tries = in_database("callback show", read)
    if found is None:
        click.echo(f"vats callback show: no callback {order}", err=True)
        raise SystemExit(1)
    if as_json:
        told = {**_told(found), "tries": [_told(row) for row in tries]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in _told(found).items():
        if value not in (None, ""):
            click.echo(f"{name.replace('_', ' ')}: {value}")
    if tries:
        _print(tries, ("attempt", "started_at", "ended_at", "operators", "result", "operator", "call_id"))


@callback.command("order")
@click.argument("tenant")
@click.argument("queue")
@click.argument("number")
@click.option("--name", default="", help="Whom to ask for.")
@click.option("--topic", default="", help="What it is about.")
@click.option(
    "--at", default="", metavar="TIME",
    help="Not before: 2026-11-23T10:00, by the tenant's clock; left out: when it is his turn.",
)  # fmt: skip
@click.option("--key", default="", help="The same key again is the same order.")
@_json
def order_(
    tenant: str, queue: str, number: str, name: str, topic: str, at: str, key: str, as_json: bool
) -> None:
    """Have QUEUE of TENANT ring NUMBER back. An open order for the number in the queue is the same order."""
    answer = ask_engine(
        "callback order",
        "callback.order",
        tenant=tenant,
        queue=queue,
        number=number,
        name=name,
        topic=topic,
        at=at,
        key=key,
    )
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    line = "ordered already" if answer["again"] else "ordered"
    if answer["not_before"]:
        line += f", not before {answer['not_before']}"
    elif answer["position"] is not None:
        line += f", number {answer['position']} in line"
        if answer["expected_wait_s"] is not None:
            line += f", expected in {answer['expected_wait_s']:.0f} s"
    click.echo(f"{answer['callback']}: {line}")


@callback.command()
@click.argument("order", metavar="CALLBACK")
@_by
@_json
def cancel(order: str, by: str, as_json: bool) -> None:
    """Close an order: its number is not rung any more. Not while they talk."""
    _done(ask_engine("callback cancel", "callback.cancel", callback=order, by=by), as_json=as_json)


@callback.command("try")
@click.argument("order", metavar="CALLBACK")
@click.option("--user", default="", help="Who rings: an extension; left out: whoever the queue offers.")
@_by
@_json
def try_(order: str, user: str, by: str, as_json: bool) -> None:
    """Ring an order's number as soon as somebody is free, whatever time it was put off to.

    The hours in which the number may be rung hold all the same.
    """
    answer = ask_engine("callback try", "callback.try", callback=order, user=user, by=by)
    _done(answer, as_json=as_json)


def _done(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(f"{answer['callback']}: {answer['state']}")


def _told(row: Row) -> dict[str, Any]:
    return {
        name: iso(value) if isinstance(value, int) and (name.endswith("_at") or name in _TIMES) else value
        for name, value in row.items()
    }


_TIMES = ("since", "not_before")


def _print(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool = False) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(_told(row), ensure_ascii=False))
        return
    table = Table(*(name.replace("_", " ") for name in columns), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        told = _told(row)
        table.add_row(*(plain("" if told[name] is None else told[name]) for name in columns))
    console = Console()
    if not console.is_terminal:
        console = Console(width=250)  # a file or a pipe has no narrow screen
    console.print(table if rows else "none")
