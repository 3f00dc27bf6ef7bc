"""Between what was journalled of rings and what strategies go by: names of queues and people, and the day."""

from collections.abc import Mapping

from engine.directory.queue_model import Strategy
from engine.queues.line import day_began
from engine.queues.members import MemberKey, QueueKey
from engine.queues.memory import Memory
from engine.queues.queues import LiveQueues
from engine.records.queues.rings import Name, Served

# Strategies that go by more than who is free, and when people last talked.
REMEMBERING: frozenset[Strategy] = frozenset({"round_robin", "fewest_calls", "least_recent", "weighted"})


def wanted(queues: LiveQueues, now: int) -> dict[Name, int]:
    """Queues whose order goes by what was before, each with when its day began; all UTC ms."""
    return {
        line.key: day_began(line.tenant.timezone, now)
        for line in queues.all_lines()
        if queues.roster.settings(line).strategy in REMEMBERING
    }


def tell(queues: LiveQueues, found: Mapping[Name, Served], days: Mapping[Name, int], now: int) -> None:
    """`days` is when the days began that calls were counted of: they do not count on the next day."""
    memories: dict[QueueKey, Memory] = {}
    current = wanted(queues, now)
    for line in queues.all_lines():
        served = found.get(line.key)
        if served is None:
            continue
        keys: dict[str, MemberKey] = {}
        for extension in {*served.rung, *served.today, *(extension for _, extension in served.takes)}:
            if (member := queues.roster.at_extension(line.tenant, extension)) is not None:
                keys[extension] = member.key
        today = served.today if current.get(line.key) == days[line.key] else {}
        memories[line.key] = Memory(
            {keys[one]: queues.moment(at) for one, at in served.rung.items() if one in keys},
            {keys[one]: calls for one, calls in today.items() if one in keys},
            [keys[one] for _, one in served.takes if one in keys],
        )
    queues.remember(memories)
