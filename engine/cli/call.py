"""`vats call`: click-to-call from the command line."""

import json

import click

from engine.cli.asking import ask_engine

# Beyond the ringing itself.
ANSWER_S = 10.0


@click.command()
@click.argument("tenant")
@click.argument("user")
@click.argument("number")
@click.option(
    "--from", "own_number", default="", metavar="NUMBER", help="The own number to be shown outside."
)
@click.option(
    "--timeout", default=30.0, show_default=True, type=click.FloatRange(1, 120), metavar="SECONDS",
    help="How long the user's telephones ring.",
)  # fmt: skip
@click.option("--loudspeaker", is_flag=True, help="Ask the user's telephone to answer by itself.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def call(
    tenant: str, user: str, number: str, own_number: str, timeout: float, loudspeaker: bool, as_json: bool
) -> None:
    """Ring USER, an extension of TENANT, and when he answers call NUMBER, as if he had dialled it.

    NUMBER is an extension, or a number outside in any form that people write. What the user may not call by
    hand he may not call so. Exit code 1 with the reason when he does not answer.
    """
    answer = ask_engine(
        "call",
        "call.place",
        limit=timeout + ANSWER_S,
        tenant=tenant,
        user=user,
        number=number,
        own_number=own_number,
        timeout=timeout,
        answers_by_itself=loudspeaker,
    )
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(f"{answer['call_id']}: {user} has answered, {answer['number']} is being called")
