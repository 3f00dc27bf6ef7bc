"""Who serves which queue, and what each of them does now."""

from collections.abc import Callable

from engine.directory.directory import Directory, Tenant
from engine.directory.model import QueueModel
from engine.queues.line import LiveLine
from engine.queues.members import Member, MemberKey, MemberState
from engine.queues.operators import Operators


class Roster:
    """One `Member` a person, whatever queues he serves. Arguments are those of `LiveQueues`."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        seconds: Callable[[], float],
        now: Callable[[], int] | None,
        wants_quiet: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._directory = directory
        self._seconds = seconds
        self._now = now
        self._wants_quiet = wants_quiet
        self.operators = Operators()
        self.members: dict[MemberKey, Member] = {}

    def settings(self, line: LiveLine) -> QueueModel:
        return line.settings(self._directory())[1]

    def of(self, line: LiveLine) -> list[Member]:
        """Who serves this queue, in the order of the tenant's file."""
        tenant, model = line.settings(self._directory())
        return [self._member(tenant, name) for name in model.members if name in tenant.users]

    def at(self, endpoint: str) -> Member | None:
        """Whose telephone this is."""
        user = self._directory().user_of_endpoint(endpoint)
        tenant = self._directory().tenant(user.tenant) if user else None
        return self._member(tenant, user.extension) if user and tenant else None

    def _member(self, tenant: Tenant, extension: str) -> Member:
        key, user = MemberKey(tenant.name, extension), tenant.users[extension]
        member = self.members.get(key)
        if member is None:
            member = self.members[key] = Member(key, user)
        member.user = user
        return member

    def can_be_rung(self, member: Member, now: float) -> bool:
        """Whether he may be offered the next caller."""
        return (
            member.offered_to is None
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

    def with_hours(self, line: LiveLine) -> bool:
        """Whether any of its members has hours of his own."""
        return self._now is not None and any(member.user.schedule for member in self.of(line))

    def there(self, line: LiveLine) -> int:
        """How many of its members can be reached, as far as is known."""
        return sum(
            not member.unreachable and self.on_duty(member) and self.disturbable(member)
            for member in self.of(line)
        )

    def state(self, member: Member) -> MemberState:
        """What he does now."""
        now = self._seconds()
        if self.operators.talks(member.endpoints):
            return "talking"
        if member.offered_to is not None or self.operators.in_call(member.endpoints):
            return "ringing"
        if not self.on_duty(member):
            return "off duty"
        if not self.disturbable(member):
            return "do not disturb"
        if member.rests_until > now:
            return "resting"
        if member.unreachable:
            return "unreachable"
        return "passed over" if member.passed_over_until > now else "free"

    def free_in(self, member: Member) -> float:
        """Seconds until his rest or pause is over."""
        return max(0.0, member.free_at() - self._seconds())
