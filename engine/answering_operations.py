"""Operations of whoever answers calls: the card of a call, and the form that is filled in.

People see what they are rung for or have answered, and nothing else. Without a person it is the operator of
the platform who asks.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from engine.calls.call import Call
from engine.calls.exchange import Exchange
from engine.calls.recording import user_of
from engine.clock import Clock
from engine.directory.answering_form import checked
from engine.directory.answering_model import AnsweringModel
from engine.directory.card_files import NoCardFile, piece, sizes
from engine.directory.clients import Clients
from engine.directory.directory import Directory, Tenant
from engine.directory.findings import one_of
from engine.journal.form_events import FormClosed, FormFilled
from engine.journal.spool import Spool
from engine.operations import Handler
from engine.records.forms import answered_calls, forms_of
from engine.store.database import Database

# So long after a call's end its form can be filled in and changed.
FILLED_WITHIN_MS = 24 * 3600 * 1000

Card = dict[str, object]
About = dict[str, str]


class NotShown(ValueError):
    """There is no such card or form for whoever asks; the message says why."""


class Answering:
    """Cards of calls, living and ended. `folder` has a folder of each tenant's scenarios and files."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        exchange: Exchange,
        clients: Clients,
        database: Database,
        spool: Spool,
        clock: Clock,
        folder: Path,
    ) -> None:
        self._directory = directory
        self._exchange = exchange
        self._clients = clients
        self._database = database
        self._spool = spool
        self._clock = clock
        self._folder = folder

    def operations(self) -> Mapping[str, Handler]:
        return {"card": self.card, "card.file": self.file, "form.fill": self.fill}

    async def card(self, tenant: str = "", extension: str = "", call_id: str = "") -> list[Card]:
        """The cards of a person (`tenant` and `extension`), of a call, or of a person's call: from the first
        ring on, and after a talk until the form is filled in. Raises `NotShown`.
        """
        if extension:
            self._person(tenant, extension)
        elif not call_id:
            raise NotShown("whose card is wanted? expected `tenant` and `extension`, or `call_id`")
        found = self._living(tenant, extension, call_id)
        known = {about["call_id"] for about in found}
        ended = await self._ended(tenant, extension, call_id)
        filled = await self._filled([*known, *(one["call_id"] for one in ended)])
        cards = [
            await self._card(about)
            for about in found
            if about["state"] != "over" or not extension or about["call_id"] not in filled
        ]
        cards += [
            await self._card(about)
            for about in reversed(ended)
            if about["call_id"] not in known and (not extension or self._to_fill(about, filled))
        ]
        if call_id and not cards:
            raise NotShown(_not_there(call_id, extension))
        return cards

    async def file(
        self, call_id: str, file: str, tenant: str = "", extension: str = "", offset: int = 0
    ) -> dict[str, object]:
        """A piece of a file that the call's card offers, from `offset` on; see `Piece`. Raises `NotShown`,
        and `NoCardFile` for one that is not there.
        """
        owner = self._owner(await self._about(call_id, tenant, extension))
        offered = {one.file: one.title for one in owner.answering.files} if owner.answering else {}
        if file not in offered:
            raise NotShown(
                f"the card of {owner.name} offers no file {file}, expected {one_of(offered, file)}"
            )
        try:
            found = await asyncio.to_thread(piece, self._folder / owner.name, file, offset)
        except OSError as error:
            raise NoCardFile(f"the file {file} cannot be read: {error.strerror or error}") from error
        return {"file": file, "title": offered[file], **found._asdict()}

    async def fill(
        self,
        call_id: str,
        values: dict[str, object],
        tenant: str = "",
        extension: str = "",
        by: str = "",
    ) -> dict[str, object]:
        """Keep what was filled in of a call; again it is a new version. `by` is who runs `vats`, where no
        person is named. Raises `NotShown`, and `WrongForm` for values that the form does not take.
        """
        about = await self._about(call_id, tenant, extension)
        owner = self._owner(about)
        answering = owner.answering
        if answering is None or not answering.form:
            raise NotShown(f"the tenant {owner.name} has no form")
        kept = checked(answering.form, values, owner.country)
        name = self._fresh_name(call_id)
        filled = FormFilled(
            tenant=owner.name,
            call=call_id,
            by=about["by"] if extension else by,
            values=json.dumps(kept, ensure_ascii=True),
            title=owner.title,
            language=owner.language,
            caller=about["caller"],
            caller_name=about["caller_name"],
            number=about["number"],
            labels=json.dumps({one: answering.form[one].label for one in kept}, ensure_ascii=True),
            mail=" ".join(answering.mail),
        )
        self._spool.append(name, filled)
        self._spool.append(name, FormClosed())
        await self._spool.sync()
        return {"form": name, "call_id": call_id, "tenant": owner.name, "values": kept}

    # -- who may see what ---------------------------------------------------------------------------------

    async def _about(self, call_id: str, tenant: str, extension: str) -> About:
        """This call, for whoever may see it: a person, or without `extension` the operator of the platform.
        Raises `NotShown`.
        """
        if extension:
            self._person(tenant, extension)
        found = self._living(tenant, extension, call_id) or await self._ended(tenant, extension, call_id)
        if not found:
            raise NotShown(_not_there(call_id, extension))
        return found[0]

    def _owner(self, about: About) -> Tenant:
        owner = self._directory().tenant(about["tenant"])
        if owner is None:
            raise NotShown(f"there is no tenant {about['tenant']} any longer")
        return owner

    def _person(self, tenant: str, extension: str) -> None:
        owner = self._directory().tenant(tenant)
        if owner is None:
            raise NotShown(f"no tenant {tenant}" if tenant else "`extension` needs `tenant`")
        if extension not in owner.users:
            raise NotShown(f"{tenant} has no user {extension}")

    def _living(self, tenant: str, extension: str, call_id: str) -> list[About]:
        found = []
        for call in self._exchange.all_calls():
            if (call_id and call.id != call_id) or self._directory().tenant(call.tenant.name) is None:
                continue
            by = name_in(call.tenant, tenant, extension) if extension else ""
            state = _state(call, by) if by or not extension else ""
            back = _rings_back(call)
            if state:
                found.append(
                    {
                        "call_id": call.id,
                        "tenant": call.tenant.name,
                        # Whoever is rung back is the callee.
                        "caller": call.started.callee if back else call.started.caller,
                        "caller_name": "" if back else call.caller.caller_name,
                        "number": call.number,
                        "by": by,
                        "state": state,
                    }
                )
        return found

    async def _ended(self, tenant: str, extension: str, call_id: str) -> list[About]:
        since = self._clock.wall_ms() - FILLED_WITHIN_MS
        work = partial(answered_calls, tenant=tenant, extension=extension, since=since, call_id=call_id)
        rows = await self._database.transaction(work, read_only=True)
        tenants = self._directory().tenants
        found = []
        for row in rows:
            owner = tenants.get(row["tenant"])
            # Who serves the tenant no longer sees nothing more of it.
            if owner is not None and (not extension or name_in(owner, tenant, extension) == row["by"]):
                found.append({**row, "state": "over"})
        return found

    async def _filled(self, calls: list[str]) -> set[str]:
        def work(connection: Connection) -> set[str]:
            return {str(form["call_id"]) for one in calls for form in forms_of(connection, call_id=one)}

        return await self._database.transaction(work, read_only=True) if calls else set()

    def _to_fill(self, about: About, filled: set[str]) -> bool:
        answering = self._answering(about)
        return answering is not None and bool(answering.form) and about["call_id"] not in filled

    # -- the card -----------------------------------------------------------------------------------------

    def _answering(self, about: About) -> AnsweringModel | None:
        owner = self._directory().tenant(about["tenant"])
        return owner.answering if owner else None

    async def _card(self, about: About) -> Card:
        owner = self._owner(about)
        answering = owner.answering or AnsweringModel()
        names, folder = [one.file for one in answering.files], self._folder / owner.name
        there = await asyncio.to_thread(sizes, folder, names) if names else {}
        client, number = self._clients.find(owner, about["caller"]), owner.numbers.get(about["number"])
        return {
            "call_id": about["call_id"],
            "state": about["state"],
            "tenant": owner.name,
            "title": owner.title,
            "number": about["number"],
            "number_title": number.title if number else "",
            "caller": about["caller"],
            "caller_name": about["caller_name"],
            "client": {
                "name": client.name,
                "company": client.company,
                "contract": client.contract,
                "plan": client.plan,
            }
            if client
            else None,
            "greeting": answering.greeting,
            "instructions": answering.instructions,
            "questions": [one.model_dump() for one in answering.questions],
            "links": [one.model_dump() for one in answering.links],
            # `size` in bytes, None where the file is missing.
            "files": [{**one.model_dump(), "size": there[one.file]} for one in answering.files],
            "form": [{"field": name, **field.model_dump()} for name, field in answering.form.items()],
        }

    def _fresh_name(self, call_id: str) -> str:
        at = self._clock.wall_ms()
        while self._spool.has_ended(f"{call_id}.form.{at}"):
            at += 1
        return f"{call_id}.form.{at}"


def name_in(owner: Tenant, tenant: str, extension: str) -> str:
    """What calls of `owner` call this user of `tenant`; "" for somebody who does not serve it."""
    if owner.name == tenant:
        return extension if extension in owner.users else ""
    name = f"{tenant}/{extension}"
    return name if name in owner.secretaries else ""


def _state(call: Call, by: str) -> str:
    """What this person (with "" anybody) does in the call: ringing, talking, over; "" for nothing."""
    states = list(_states(call, by))
    return next((one for one in ("talking", "ringing", "over") if one in states), "" if by else "arriving")


def _rings_back(call: Call) -> bool:
    """Whether it was placed for somebody outside: he is its callee, and who answers may be its caller."""
    return bool(call.started.callback or call.started.continues)


def _states(call: Call, by: str) -> Iterator[str]:
    for leg in call.legs.values():
        if leg is call.caller and not _rings_back(call):
            continue
        if by and user_of(call, leg) != by:
            continue
        if not leg.over:
            yield "talking" if leg.up else "ringing"
        elif leg.answered_at is not None:
            yield "over"


def _not_there(call_id: str, extension: str) -> str:
    if extension:
        return f"{extension} is not rung for the call {call_id} and has not answered it within the last day"
    return f"no call {call_id} that anybody is rung for or has answered within the last day"
