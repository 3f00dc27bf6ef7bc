"""`vats transfer` and `vats hangup`: what is done with a running call from the command line."""

import click

from engine.cli.asking import ask_engine


@click.command()
@click.argument("call_id")
@click.argument("number")
@click.option("--by", default="", metavar="EXTENSION", help="Who passes it on; left out: the user who talks.")
@click.option("--attended", is_flag=True, help="Let him talk with NUMBER first; he hangs up to connect them.")
def transfer(call_id: str, number: str, by: str, attended: bool) -> None:
    """Pass the running call CALL_ID on to NUMBER: an extension of a user, group, queue or parking place, or a
    number outside. `vats calls` lists the calls.

    Where nobody answers it comes back to whoever passed it on, then to the desk.
    """
    operation = "call.consult" if attended else "call.transfer"
    answer = ask_engine("transfer", operation, call_id=call_id, to=number, by=by)
    click.echo(f"{call_id}: {answer['by']} {'consults' if attended else 'passes it on to'} {number}")


@click.command()
@click.argument("call_id")
def hangup(call_id: str) -> None:
    """End the running call CALL_ID."""
    ask_engine("hangup", "call.hang_up", call_id=call_id)
    click.echo(f"{call_id}: ended")
