"""Whether a talk is recorded, and what the outside party is told of it. Pure: a tenant's file and who talks.

The most specific rule decides: the users', the queue's, the number's, the tenant's. Of two users who talk
with one another, the one with `false` does.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from engine.directory.directory import Tenant
from engine.directory.prompt_model import Prompt
from engine.directory.recording_model import RecordingRule, rule_of


@dataclass(frozen=True)
class Talk:
    """Who talks, as far as rules go; "" and () where there is none."""

    number: str = ""  # the tenant's city number that was called
    queue: str = ""  # whose caller it is
    users: tuple[str, ...] = ()  # extensions of those who are the tenant's users
    internal: bool = False  # both are


def is_recorded(tenant: Tenant, talk: Talk) -> bool:
    """What the most specific rule says that says anything."""
    users = [rule.enabled for rule in _users(tenant, talk) if rule.enabled is not None]
    if users:
        return all(users)
    for rule in _queue_and_number(tenant, talk):
        if rule.enabled is not None:
            return rule.enabled
    return tenant.recording.enabled and (tenant.recording.internal or not talk.internal)


def announcement(tenant: Tenant, talk: Talk) -> Prompt | None:
    """What the outside party is to hear before the talk; None: nothing, or the talk is not recorded."""
    if talk.internal or not is_recorded(tenant, talk):
        return None
    said: Prompt | Literal[False] | None = tenant.recording.announce
    for rule in (*_users(tenant, talk), *_queue_and_number(tenant, talk)):
        if rule.announce is not None:
            said = rule.announce
            break
    return None if said is False else said


def announcement_ahead(tenant: Tenant, number: str, queue: str, users: Collection[str]) -> Prompt | None:
    """The same for a party from outside who is to talk with one of `users`: the first of theirs."""
    if not tenant.announces:
        return None
    talks = [Talk(number, queue, (user,)) for user in users] or [Talk(number, queue)]
    found = (announcement(tenant, talk) for talk in talks)
    return next((prompt for prompt in found if prompt is not None), None)


def announcements(tenant: Tenant) -> list[tuple[tuple[str, ...], Prompt]]:
    """Every announcement of the tenant's file, with its place there."""
    places: list[tuple[tuple[str, ...], Prompt | Literal[False] | None]] = [
        ((), tenant.recording.announce),
        *((("numbers", key), rule_of(one.recording).announce) for key, one in tenant.numbers.items()),
        *((("users", key), rule_of(one.recording).announce) for key, one in tenant.users.items()),
        *((("queues", key), rule_of(one.recording).announce) for key, one in tenant.queues.items()),
    ]
    return [
        ((*place, "recording", "announce"), prompt)
        for place, prompt in places
        if prompt is not None and prompt is not False
    ]


def _users(tenant: Tenant, talk: Talk) -> Iterator[RecordingRule]:
    for extension in talk.users:
        if user := tenant.users.get(extension):
            yield rule_of(user.recording)


def _queue_and_number(tenant: Tenant, talk: Talk) -> Iterator[RecordingRule]:
    if queue := tenant.queues.get(talk.queue):
        yield rule_of(queue.recording)
    if number := tenant.numbers.get(talk.number):
        yield rule_of(number.recording)
