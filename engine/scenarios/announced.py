"""All that a tenant's file has callers told: of recording, and while they wait in its queues."""

from collections.abc import Iterator

from engine.directory.directory import Tenant
from engine.directory.prompt_model import Prompt
from engine.recordings.policy import announcements

Place = tuple[str | int, ...]


def announced(tenant: Tenant) -> list[tuple[Place, Prompt]]:
    """Every such prompt, with its place in the file."""
    return [*announcements(tenant), *_in_queues(tenant)]


def _in_queues(tenant: Tenant) -> Iterator[tuple[Place, Prompt]]:
    for name, queue in tenant.queues.items():
        place: Place = ("queues", name, "announce")
        settings = queue.announce
        if settings.heavy_load is not None:
            yield (*place, "heavy_load", "prompt"), settings.heavy_load.prompt
        for index, own in enumerate(settings.own):
            yield (*place, "own", index, "prompt"), own.prompt
        for index, prompt in enumerate(settings.other_ways.prompts if settings.other_ways else ()):
            yield (*place, "other_ways", "prompts", index), prompt
