"""Joining, leaving, pausing, resting: what is asked for is checked by the tenant's file; then it is so.

What is seen of people rather than said (telephones, own hours, do not disturb) is noted here as well.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.calls.attendance import NotDone
from engine.directory.directory import Directory, Tenant
from engine.directory.findings import one_of
from engine.directory.pause_model import PausesModel
from engine.directory.pool_model import ALL_CUSTOMERS
from engine.queues.members import MemberKey
from engine.queues.presence import MISSED, Change, Ended, Presence
from engine.queues.presence_book import PresenceBook

LONGEST_WRAP_UP_S = 3600.0
# So many are looked at before others have their turn: some ms.
PEOPLE_AT_ONCE = 50


class LiveAttendance:
    """Fulfils `engine.calls.attendance.Attendance`. `telephone_there` tells by SIP endpoint whether a
    telephone is registered, None where that is not known; `wants_quiet` by tenant and extension who is not to
    be disturbed.
    """

    def __init__(
        self,
        book: PresenceBook,
        directory: Callable[[], Directory],
        telephone_there: Callable[[str], bool | None] = lambda _: None,
        wants_quiet: Callable[[str, str], bool] = lambda _, __: False,
    ) -> None:
        self.book = book
        self._directory = directory
        self._telephone_there = telephone_there
        self._wants_quiet = wants_quiet

    # -- what is said ---------------------------------------------------------------------------------------

    def join(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> list[str]:
        queues = _named(tenant, extension, queue) if queue else _by_file(tenant, extension)
        if not queues:
            raise NotDone("no_queue", f"{extension} is a member of no queue; name the one to be joined")
        changes, now = list[Change](), self.book.now()
        person = self._person(tenant, extension)
        for name in queues:
            changes += person.join(name, now, by)
        pause = person.pause()
        if pause is not None and pause.reason == MISSED:
            changes += person.resume(by)
        self._note(tenant, extension, changes)
        return queues

    def leave(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> list[str]:
        person, files = self._person(tenant, extension), _by_file(tenant, extension)
        mine = [*files, *(name for name in person.joined() if name not in files)]
        named = _expanded(tenant, queue) if queue else mine
        served = set(tenant.served) if ALL_CUSTOMERS in mine else set[str]()
        queues = [name for name in named if name in mine or name in served]
        if not queues:
            raise NotDone(
                "no_queue", f"{extension} does not serve {f'the queue {queue}' if queue else 'any'}"
            )
        changes, now = list[Change](), self.book.now()
        for name in queues:
            by_file = name in files and not _login(tenant, name)
            if name in served:
                by_file = ALL_CUSTOMERS in files and not _login(tenant, name)
            changes += person.leave(name, now, by, by_file=by_file)
        if not list(person.joined()):
            changes += person.resume(by)  # or he would come back tomorrow paused for today's lunch
        self._note(tenant, extension, changes)
        return queues

    def pause(self, tenant: Tenant, extension: str, reason: str, queue: str, *, by: str) -> str:
        queues = _named(tenant, extension, queue) if queue else [""]
        if (
            not queue
            and not _by_file(tenant, extension)
            and not list(self._person(tenant, extension).joined())
        ):
            raise NotDone("no_queue", f"{extension} serves no queue")
        text = reason_of(tenant.pauses, reason, spoken=by == extension)
        person, now = self._person(tenant, extension), self.book.now()
        changes = [change for name in queues for change in person.pause_for(text, now, by, name)]
        self._note(tenant, extension, changes)
        return text

    def is_paused(self, tenant: Tenant, extension: str) -> bool:
        return self.book.of(MemberKey(tenant.name, extension)).pause() is not None

    def resume(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> None:
        queues = _expanded(tenant, queue) if queue else [""]
        person, now = self._person(tenant, extension), self.book.now()
        changes = [change for name in queues for change in person.resume(by, name)]
        if not queue:
            changes += person.rest_until(now, now, by)
        self._note(tenant, extension, changes)

    def wrap_up(self, tenant: Tenant, extension: str, more_s: float, *, by: str) -> int:
        """His wrap-up lasts so many seconds more, or, with 0, is over; its end is returned, UTC ms. Raises
        `NotDone`.
        """
        person, now = self._person(tenant, extension), self.book.now()
        rest = person.wrap_up(now)
        if rest is None:
            raise NotDone("no_wrap_up", f"{extension} has no wrap-up now")
        until = rest.until + round(more_s * 1000) if more_s else now
        if until - now > LONGEST_WRAP_UP_S * 1000:
            raise NotDone(
                "no_wrap_up", f"a wrap-up of {extension} cannot last over {LONGEST_WRAP_UP_S:g} s from now"
            )
        self._note(tenant, extension, person.rest_until(until, now, by))
        return until

    # -- what is seen ---------------------------------------------------------------------------------------

    def file_changed(self, name: str) -> Iterator[None]:
        """At the start, and when this tenant's file has changed: its members are members from now on. Others
        may have their turn at each step.
        """
        tenant, now = self._directory().tenant(name), self.book.now()
        known = [key for key, _ in self.book.everybody() if key.tenant == name]
        for key in known:
            if tenant is None or key.extension not in tenant.users:
                person = self.book.to_change(key)
                gone = [Ended(one, "file") for one in person.stretches]
                person.stretches.clear()
                self.book.note(key, gone)
        if tenant is None:
            return
        members: dict[str, list[str]] = {key.extension: [] for key in known}
        for queue, model in tenant.queues.items():
            for extension in model.extensions:
                members.setdefault(extension, []).append(queue)
        for extension in tenant.pool_members() if tenant.served else ():
            members.setdefault(extension, []).append(ALL_CUSTOMERS)
        for number, extension in enumerate(sorted(members.keys() & set(tenant.users)), 1):
            if number % PEOPLE_AT_ONCE == 0:
                yield
            person, mine = self._person(tenant, extension), members[extension]
            others = {key.queue for key in person.stretches if key.queue} - set(mine)
            joinable = [*mine, *(queue for queue in others if tenant.may_join(extension, queue))]
            joinable += tenant.served if ALL_CUSTOMERS in mine else ()
            without_login = [queue for queue in mine if not _login(tenant, queue)]
            changes = person.keep_queues(without_login, joinable, now)
            self._note(tenant, extension, changes)

    def seen(self, tenant: str, extension: str) -> None:
        """Something about his telephones, his hours or his wish for peace may have changed."""
        owner = self._directory().tenant(tenant)
        if owner is not None and extension in owner.users:
            self._note(owner, extension, [])

    def telephone_changed(self, endpoint: str) -> None:
        """It was registered, or is no longer."""
        user = self._directory().user_of_endpoint(endpoint)
        if user is not None:
            self.seen(user.tenant, user.extension)

    def look_at_hours(self) -> bool:
        """Note whose own hours have begun or ended; whether anybody who serves queues has any."""
        anybody = False
        for key, _ in list(self.book.everybody()):
            tenant = self._directory().tenant(key.tenant)
            if tenant is not None and tenant.schedule_of(key.extension) is not None:
                anybody = True
                self.seen(*key)
        return anybody

    def end_rests(self) -> float | None:
        """Note the end of wrap-ups whose time has come; seconds until the next one ends."""
        now, ends = self.book.now(), list[int]()
        for key in self.book.resting():
            person = self.book.to_change(key)
            for end, changes in person.rests_over(now):
                self.book.note(key, changes, end)
            if rest := person.wrap_up(now):
                ends.append(rest.until)
        return max(0.0, (min(ends) - now) / 1000) if ends else None

    def _note(self, tenant: Tenant, extension: str, changes: Sequence[Change]) -> None:
        key = MemberKey(tenant.name, extension)
        self.book.note(key, [*changes, *self._seen(tenant, extension, self.book.to_change(key))])

    def _seen(self, tenant: Tenant, extension: str, person: Presence) -> Iterable[Change]:
        """Of those who serve a queue, or have left one; of nobody else is it known."""
        now, there = self.book.now(), self._has_telephone(tenant, extension)
        serves = any(key.state in ("joined", "left") for key in person.stretches)
        if there is not None or not serves:
            yield from person.set("offline", serves and not there, now, "telephone")
        quiet = serves and self._wants_quiet(tenant.name, extension)
        off_duty = serves and not tenant.on_duty(extension, now)
        yield from person.set("do_not_disturb", quiet, now, extension)
        yield from person.set("off_duty", off_duty, now, "hours")

    def _has_telephone(self, tenant: Tenant, extension: str) -> bool | None:
        """None where it is as it was, for not all of his telephones are known of."""
        told = [self._telephone_there(one) for one in tenant.users[extension].endpoints()]
        return True if True in told else None if None in told else False

    def _person(self, tenant: Tenant, extension: str) -> Presence:
        return self.book.to_change(MemberKey(tenant.name, extension))


def reason_of(pauses: PausesModel, wanted: str, *, spoken: bool) -> str:
    """The text of a reason that is given by its number, by its text, or not at all. Raises `NotDone`.

    `spoken`: by a code, which knows numbers only.
    """
    reasons = {str(number): text for number, text in pauses.reasons.items()}
    if wanted in reasons:
        return reasons[wanted]
    if not wanted and (spoken or not pauses.free_text):
        return next(iter(reasons.values()), "")
    known = {text.casefold(): text for text in reasons.values()}
    if wanted.casefold() in known:
        return known[wanted.casefold()]
    if spoken or (not pauses.free_text and wanted) or wanted.casefold() == MISSED:
        listed = [f"{number} ({text})" for number, text in reasons.items()]
        expected = one_of(listed, wanted) if listed else "none"
        raise NotDone("unknown_reason", f"unknown reason {wanted}, expected {expected}")
    return wanted


def _by_file(tenant: Tenant, extension: str) -> list[str]:
    """His tenant's queues that he is a member of, and all those of customers for a secretary."""
    own = [name for name, queue in tenant.queues.items() if extension in queue.extensions]
    return [*own, ALL_CUSTOMERS] if tenant.served and extension in tenant.pool_members() else own


def _login(tenant: Tenant, queue: str) -> bool:
    """Whether members of the file serve it only after a login; customers' queues go by `pool`."""
    if queue in tenant.queues:
        return tenant.queues[queue].login
    return tenant.pool is not None and tenant.pool.login


def _expanded(tenant: Tenant, queue: str) -> list[str]:
    """`romashka/*` is all that its pool serves there. Raises `NotDone`."""
    if queue in tenant.queues or queue in tenant.served or (queue == ALL_CUSTOMERS and tenant.served):
        return [queue]
    found = [one for one in tenant.served if queue.endswith("/*") and one.startswith(queue[:-1])]
    if not found:
        known = [*tenant.queues, *tenant.served]
        raise NotDone("unknown_queue", f"unknown queue {queue}, expected {one_of(known, queue)}")
    return found


def _named(tenant: Tenant, extension: str, queue: str) -> list[str]:
    """The queues that are meant, all of which he may serve. Raises `NotDone`."""
    names, secretary = _expanded(tenant, queue), extension in tenant.pool_members()
    for name in names:
        if name not in tenant.queues and not secretary:
            raise NotDone("not_allowed", f"{extension} may not serve the queue {name}: see `pool`")
        if name in tenant.queues and not tenant.may_join(extension, name):
            raise NotDone("not_allowed", f"{extension} may not serve the queue {name}: see its `may_join`")
    return names
