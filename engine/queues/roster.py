"""Who serves which queue, and what each of them does now."""

from collections.abc import Callable, Iterable, Sequence

from engine.directory.directory import Directory, Tenant, User
from engine.directory.queue_model import QueueModel
from engine.queues.line import LiveLine
from engine.queues.members import NEVER, Member, MemberKey, QueueKey
from engine.queues.operators import Operators
from engine.queues.presence import MISSED, Change, Ended, Presence
from engine.queues.presence_book import PresenceBook
from engine.queues.rules import Post


class Roster:
    """One `Member` a person, whatever queues he serves. Arguments are those of `LiveQueues`."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        seconds: Callable[[], float],
        now: Callable[[], int] | None,
        wants_quiet: Callable[[str, str], bool] | None = None,
        presence: PresenceBook | None = None,
    ) -> None:
        self._directory = directory
        self._seconds = seconds
        self._now = now
        self._wants_quiet = wants_quiet
        self.presence = presence or PresenceBook("", now or (lambda: round(seconds() * 1000)))
        self.presence.listeners.append(self._presence_changed)
        self.operators = Operators()
        self.members: dict[MemberKey, Member] = {}
        # To be called after every change of a member that no leg tells of; whoever decides sets it.
        self.changed: Callable[[Member], None] = lambda _: None

    def settings(self, line: LiveLine) -> QueueModel:
        return line.settings(self._directory())[1]

    def of(self, line: LiveLine) -> list[Member]:
        """Who serves this queue, in the order of the tenant's file, then who has joined besides."""
        return [member for member in self.listed(line) if self.serves(member, line)]

    def listed(self, line: LiveLine) -> list[Member]:
        """The same, and those of the file's members who have left, or have not logged in."""
        tenant, model = line.settings(self._directory())
        joined = self.presence.joined(line.key)
        names = dict.fromkeys([*model.extensions, *joined])
        own = [self._member(tenant, name) for name in names if name in tenant.users]
        return own + [self._of(user) for user in tenant.secretaries_of(line.key.name).values()]

    def serves(self, member: Member, line: LiveLine) -> bool:
        """Whether he is logged in to this queue, paused or not."""
        if member.key.tenant != line.key.tenant:
            tenant, model = line.settings(self._directory())
            if model.pool is None or model.pool.tenant != member.key.tenant:
                return False
            if member.known_to(tenant.name) not in tenant.secretaries:
                return False
            pool = self._directory().tenant(member.key.tenant)
            login = pool is not None and pool.pool is not None and pool.pool.login
            return self.presence_of(member).serves(member.queue_name(line.key), by_file=not login)
        model = self.settings(line)
        by_file = member.key.extension in model.member_extensions and not model.login
        return self.presence_of(member).serves(line.key.name, by_file=by_file)

    def posts(self, line: LiveLine) -> list[Post]:
        """Whom `dispatch` is to know as its members: those of `listed`, with what the file says of them."""
        tenant, model = line.settings(self._directory())
        entries = [entry for entry in model.entries if entry.user in tenant.users]
        posts = []
        for position, entry in enumerate(entries):
            member = self._member(tenant, entry.user)
            skills = {**member.user.skills, **entry.skills}
            posts.append(Post(member.key, position, entry.level, entry.preference, entry.weight, skills))
        joined = [name for name in self.presence.joined(line.key) if name not in model.member_extensions]
        members = [self._member(tenant, name) for name in joined if name in tenant.users]
        for position, member in enumerate(members, len(posts)):
            posts.append(Post(member.key, position, skills=member.user.skills))
        if model.pool is not None:
            level, preference = model.pool.level, model.pool.preference
            secretaries = map(self._of, tenant.secretaries_of(line.key.name).values())
            for position, member in enumerate(secretaries, len(posts)):
                posts.append(Post(member.key, position, level, preference, skills=member.user.skills))
        return posts

    def joined(self, member: Member) -> Iterable[QueueKey]:
        """The queues of his own tenant that he has joined."""
        joined = self.presence_of(member).joined()
        return [QueueKey(member.key.tenant, name) for name in joined if "/" not in name]

    def at_extension(self, tenant: Tenant, extension: str) -> Member | None:
        """A user of the tenant, whatever he serves, or a secretary who serves it."""
        user = tenant.person(extension)
        return self._of(user) if user else None

    def reachable(self, member: Member, line: LiveLine) -> bool:
        """Whether this queue's callers may wait for him in person: he will be free, as far as is known."""
        presence = self.presence_of(member)
        return (
            not member.unreachable
            and presence.has("offline") is None
            and not self.paused_in(member, line)
            and not self._has_left(member, line)
            and self.on_duty(member)
            and self.disturbable(member)
        )

    def _has_left(self, member: Member, line: LiveLine) -> bool:
        """Whether he should serve the queue and is not logged in. Users who do not serve it are of no account
        to it; another tenant's secretary has to.
        """
        of_it = member.key.extension in self.settings(line).member_extensions
        return (of_it or member.key.tenant != line.key.tenant) and not self.serves(member, line)

    def presence_of(self, member: Member) -> Presence:
        return self.presence.of(member.key)

    def at(self, endpoint: str) -> Member | None:
        """Whose telephone this is."""
        user = self._directory().user_of_endpoint(endpoint)
        return self._of(user) if user else None

    def _member(self, tenant: Tenant, extension: str) -> Member:
        return self._of(tenant.users[extension])

    def _of(self, user: User) -> Member:
        key = MemberKey(user.tenant, user.extension)
        member = self.members.get(key)
        if member is None:
            member = self.members[key] = Member(key, user)
            member.rests_until = self._rests_until(member)
        member.user = user
        return member

    def can_be_rung(self, member: Member, now: float) -> bool:
        """Whether he may be offered the next caller of a queue that he serves and is not paused in."""
        return member.offered_to is None and self.is_free(member, now)

    def is_free(self, member: Member, now: float) -> bool:
        """The same, whoever he is kept for."""
        presence = self.presence_of(member)
        return (
            presence.has("offline") is None
            and presence.pause() is None
            and member.free_at() <= now
            and not self.operators.in_call(member.endpoints)
            and self.on_duty(member)
            and self.disturbable(member)
        )

    def on_duty(self, member: Member) -> bool:
        """Whether his own hours, if he has any, let him be rung now."""
        tenant = self._directory().tenant(member.key.tenant)
        return self._now is None or tenant is None or tenant.on_duty(member.key.extension, self._now())

    def disturbable(self, member: Member) -> bool:
        """Whether he has not said that he does not want to be disturbed."""
        return self._wants_quiet is None or not self._wants_quiet(*member.key)

    def hours_change_in(self, member: Member) -> float | None:
        """Seconds until his own hours begin or end; None where he has none that do."""
        tenant = self._directory().tenant(member.key.tenant)
        schedule = tenant.schedule_of(member.key.extension) if tenant else None
        if schedule is None or self._now is None:
            return None
        wall = self._now()
        until = schedule.state(wall).until
        return (until - wall) / 1000 if until is not None else None

    def paused_in(self, member: Member, line: LiveLine) -> bool:
        """Whether a pause keeps him from this queue."""
        return self.presence_of(member).pause(member.queue_name(line.key)) is not None

    def available_in(self, member: Member, line: LiveLine) -> bool:
        """Whether callers of this queue may be offered to him when he can be rung."""
        return self.serves(member, line) and not self.paused_in(member, line)

    def is_there(self, member: Member, line: LiveLine) -> bool:
        """Whether he serves it and can be reached, as far as is known. Who has paused will be back; who was
        paused because he did not answer may not.
        """
        presence = self.presence_of(member)
        pause = presence.pause(member.queue_name(line.key))
        return (
            self.serves(member, line)
            and not member.unreachable
            and presence.has("offline") is None
            and (pause is None or pause.reason != MISSED)
            and self.on_duty(member)
            and self.disturbable(member)
        )

    def rests(
        self, member: Member, queue: QueueKey, seconds: float, call: str, since: int | None = None
    ) -> None:
        """He has talked with a caller of this queue, and has so long to write down what was said: from now or
        from `since`, UTC ms, if nobody has noted it.
        """
        begun = self.presence.now() if since is None else since
        person, name = self.presence.to_change(member.key), member.queue_name(queue)
        if since is not None and person.rested_since(name, since):
            return
        changes = person.rest(name, call, begun, begun + round(seconds * 1000))
        self.presence.note(member.key, changes, since)

    def pause_if_missed(self, member: Member, line: LiveLine) -> None:
        """Who has not answered so often in a row is not there: he is paused until he says that he is."""
        often = self.settings(line).pause_after_misses
        if not often or member.unanswered < often:
            return
        member.unanswered = 0
        presence = self.presence.to_change(member.key)
        self.presence.note(member.key, presence.pause_for(MISSED, self.presence.now(), "misses"))

    def free_in(self, member: Member) -> float:
        """Seconds until his wrap-up or pass-over is over."""
        return max(0.0, member.free_at() - self._seconds())

    def _presence_changed(self, key: MemberKey, changes: Sequence[Change]) -> None:
        member = self.members.get(key)
        if member is None:
            return
        if any(isinstance(change, Ended) and change.key.state == "paused" for change in changes):
            member.seen()
        if any(isinstance(change, Ended) and change.key.state == "offline" for change in changes):
            member.back()
        member.rests_until = self._rests_until(member)
        self.changed(member)

    def _rests_until(self, member: Member) -> float:
        now = self.presence.now()
        rest = self.presence_of(member).wrap_up(now)
        return self._seconds() + (rest.until - now) / 1000 if rest is not None else NEVER
