"""What is odd about a tenant's extensions, trunks, own numbers and what is deleted."""

from collections.abc import Collection, Iterable, Iterator

from engine.directory.document import Document
from engine.directory.emergency import EVERYWHERE, emergency_numbers
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel

Path = tuple[str | int, ...]
_SHORT_KEEP_S = 86400.0


def check_telephony(
    model: TenantModel, document: Document, trunks: Collection[str] | None
) -> Iterable[Finding]:
    """`trunks`: names of the configured ones; None leaves them unchecked."""
    yield from _extensions(model, document)
    if model.outgoing:
        yield from _trunks(model, document, trunks)
    yield from _own_numbers(model, document)
    yield from _may_listen(model, document)
    yield from _short_keep(model, document)


def _short_keep(model: TenantModel, document: Document) -> Iterator[Finding]:
    """`keep: 180` is three minutes, and what is deleted does not come back."""
    for name, kept in (("recording", model.recording.keep), ("voicemail", model.voicemail.keep)):
        if kept < _SHORT_KEEP_S:
            what = "recordings" if name == "recording" else "voice messages"
            yield document.finding(
                (name, "keep"),
                f"{what} are deleted for good after {kept:g} s",
                "days, such as 180d",
                severity="warning",
                code="short-keep",
            )


def _may_listen(model: TenantModel, document: Document) -> Iterator[Finding]:
    """Whom a person may listen to exists."""
    known = [*model.users, *model.groups]
    for extension, user in model.users.items():
        listed = [] if isinstance(user.may_listen, bool) else user.may_listen
        for index, name in enumerate(listed):
            if name not in known:
                kind = "user" if name.isdigit() else "group"
                yield document.finding(
                    ("users", extension, "may_listen", index),
                    f"unknown {kind} {name}",
                    one_of(known, name),
                    code=f"unknown-{kind}",
                )


def _extensions(model: TenantModel, document: Document) -> Iterator[Finding]:
    """Each reaches one thing, and nobody's hides an emergency number unawares."""
    owners: dict[str, str] = {}
    hidden: list[tuple[str, Path]] = []
    known = emergency_numbers(model.country)
    emergency = known if model.emergency is None else model.emergency
    extensions = {extension for extension, _, _ in _given(model)}
    # Of the country's, those that can still be dialled, in one form or the other: 101 is 01 too.
    reached = {sent for text, sent in known.items() if text not in extensions}
    for extension, owner, path in _given(model):
        first = owners.setdefault(extension, owner)
        if first != owner:
            message = f"{owner} has the extension {extension} of {first}"
            yield document.finding(path, message, "one of its own", code="shared-extension")
        if extension == EVERYWHERE or (model.emergency is not None and extension in emergency):
            message = f"the extension {extension} is an emergency number"
            yield document.finding(
                path, message, "another one", key=path[0] == "users", code="takes-emergency"
            )
        elif extension in emergency and known[extension] not in reached:
            hidden.append((extension, path))
    if hidden:
        listed, path = ", ".join(extension for extension, _ in hidden), hidden[0][1]
        yield document.finding(
            path,
            f"{listed}: emergency numbers too, which nobody can dial then",
            'other extensions, or `emergency: ["112"]` to say that it is meant',
            severity="warning",
            key=path[0] == "users",
            code="hides-emergency",
        )


def _given(model: TenantModel) -> Iterator[tuple[str, str, Path]]:
    for extension in model.users:
        yield extension, f"user {extension}", ("users", extension)
    for name, group in model.groups.items():
        if group.extension:
            yield group.extension, f"group {name}", ("groups", name, "extension")
    for name, queue in model.queues.items():
        if queue.extension:
            yield queue.extension, f"queue {name}", ("queues", name, "extension")
    if model.parking:
        yield model.parking.extension, "parking", ("parking", "extension")
        for place in model.parking.places:
            yield place, f"the parking place {place}", ("parking", "slots")


def _trunks(model: TenantModel, document: Document, trunks: Collection[str] | None) -> Iterator[Finding]:
    outgoing = model.outgoing
    assert outgoing is not None
    named: list[tuple[str, Path]] = [(outgoing.trunk, ("outgoing", "trunk"))] if outgoing.trunk else []
    for index, route in enumerate(outgoing.routes):
        named += [
            (trunk, ("outgoing", "routes", index, "trunks", place))
            for place, trunk in enumerate(route.trunks)
        ]
    for trunk, path in named:
        if trunks is not None and trunk not in trunks:
            message, known = f"unknown trunk {trunk}", one_of(trunks, trunk)
            yield document.finding(path, message, known, code="unknown-trunk")


def _own_numbers(model: TenantModel, document: Document) -> Iterator[Finding]:
    shown: list[tuple[str | None, Path]] = [
        (user.number, ("users", extension, "number")) for extension, user in model.users.items()
    ]
    if model.outgoing:
        shown.append((model.outgoing.number, ("outgoing", "number")))
        shown += [
            (number, ("outgoing", "numbers", index)) for index, number in enumerate(model.outgoing.numbers)
        ]
    for number, path in shown:
        if number is not None and number not in model.numbers:
            message = f"{number} is not a number of this tenant"
            yield document.finding(path, message, one_of(model.numbers, number))
