"""`vats card`: what whoever answers a call is shown, and the files that help."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from engine.cli.asking import ask_engine


@click.group(invoke_without_command=True)
@click.option("--tenant", default="", metavar="NAME", help="Whose person it is, with --extension.")
@click.option(
    "--extension", default="", metavar="NUMBER", help="Who is rung for the call, or has answered it."
)
@click.option("--call", "call_id", default="", metavar="ID", help="Only of this call.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
@click.pass_context
def card(context: click.Context, tenant: str, extension: str, call_id: str, as_lines: bool) -> None:
    """Show the card of a call: for whom it is, who calls, what to say, and the form.

    With --tenant and --extension that person's cards: from the first ring on, and after the talk until the
    form is filled in. With --call alone that call's. A call belongs to the tenant that was called; a
    secretary's --tenant is her own, the pool's.
    """
    if context.invoked_subcommand is not None:
        return
    cards = ask_engine("card", "card", tenant=tenant, extension=extension, call_id=call_id)
    for number, one in enumerate(cards):
        if as_lines:
            click.echo(json.dumps(one, ensure_ascii=False))
        else:
            click.echo("\n" * bool(number) + _text(one))
    if not cards and not as_lines:
        click.echo("no card: nobody calls")


@card.command("file")
@click.argument("call_id", metavar="CALL")
@click.argument("file", metavar="FILE")
@click.option("--tenant", default="", metavar="NAME", help="Whose person wants it, with --extension.")
@click.option("--extension", default="", metavar="NUMBER", help="Who wants it; left out: you do.")
@click.option("--output", "output", default="", metavar="PATH", help="Where to; left out: FILE; - is stdout.")
def get(call_id: str, file: str, tenant: str, extension: str, output: str) -> None:
    """Get a FILE that the card of a CALL offers. A file that is there already is not replaced."""
    if output == "-":
        _write(sys.stdout.buffer, _pieces(call_id, file, tenant, extension))
        return
    path = Path(output or Path(file).name)
    pieces = _pieces(call_id, file, tenant, extension)
    first = next(pieces)  # nothing is made of a file that cannot be had
    try:
        with path.open("xb") as target:
            _write(target, (one for part in ([first], pieces) for one in part))
    except FileExistsError:
        click.echo(f"vats card file: {path} is there already: --output names another", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"vats card file: {path} cannot be written: {error.strerror or error}", err=True)
        sys.exit(1)
    click.echo(str(path))


def _pieces(call_id: str, file: str, tenant: str, extension: str) -> Iterator[bytes]:
    version, offset = "", 0
    while True:
        found = ask_engine(
            "card file", "card.file",
            call_id=call_id, file=file, tenant=tenant, extension=extension, offset=offset,
        )  # fmt: skip
        if version not in ("", found["version"]):
            click.echo(f"vats card file: {file} was changed while it was read: get it again", err=True)
            sys.exit(1)
        yield base64.b64decode(found["content"])
        if found["next_offset"] is None:
            return
        version, offset = found["version"], found["next_offset"]


def _write(target: BinaryIO, pieces: Iterator[bytes]) -> None:
    for one in pieces:
        target.write(one)


def _text(one: dict[str, Any]) -> str:
    lines = [f"{one['title']} ({one['tenant']})", f"{one['state']}: call {one['call_id']}"]
    lines.append(f"number  {' '.join(part for part in (one['number'], one['number_title']) if part)}")
    lines.append(
        f"caller  {' '.join(part for part in (one['caller'], one['caller_name']) if part) or 'withheld'}"
    )
    if one["client"]:
        lines.append(f"client  {', '.join(part for part in one['client'].values() if part)}")
    for name in ("greeting", "instructions"):
        if one[name]:
            lines += ["", f"{name}:", *(f"  {line}" for line in one[name].splitlines())]
    if one["questions"]:
        lines += ["", "questions:"]
        lines += [f"  {entry['question']}\n    {entry['answer']}" for entry in one["questions"]]
    if one["links"]:
        lines += ["", "links:", *(f"  {entry['title']}  {entry['url']}" for entry in one["links"])]
    if one["files"]:
        lines += ["", f"files (vats card file {one['call_id']} FILE):"]
        lines += [f"  {entry['title']}  {entry['file']}  {_size(entry['size'])}" for entry in one["files"]]
    if one["form"]:
        lines += ["", "form:"]
        for field in one["form"]:
            choices = f": {', '.join(field['choices'])}" if field["choices"] else ""
            required = ", required" if field["required"] else ""
            lines.append(f"  {field['field']}  {field['label']} ({field['kind']}{choices}{required})")
    return "\n".join(lines)


def _size(size: int | None) -> str:
    if size is None:
        return "is missing"
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(1, round(size / 1024))} KB"
