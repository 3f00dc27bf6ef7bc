"""Operations of the engine for voice messages: list, mark, delete; and what others say has changed."""

from collections.abc import Callable, Collection, Mapping, Sequence

from engine.directory.directory import Directory
from engine.directory.named import tenant_of_user
from engine.operations import EngineAway, EngineClient, Handler, OperationFailed
from engine.recordings.lights import MessageLights
from engine.recordings.message_store import Changed, MessageStore
from engine.records.query import iso
from engine.settings import Settings
from engine.switch.message_light import Mailbox

CHANGED = "mailbox.changed"


def mailbox_operations(
    store: MessageStore, lights: MessageLights, directory: Callable[[], Directory]
) -> Mapping[str, Handler]:
    """By operation. A `MessageProblem`, `Unknown` or a database's error is the answer's error."""

    async def listing(tenant: str, extension: str, new_only: bool = False) -> list[dict[str, object]]:
        found = await store.listing(Mailbox(tenant, extension), new_only=new_only)
        if not found:  # what was left for a user who is no more can still be listed
            tenant_of_user(directory(), tenant, extension)
        return [
            {
                **message._asdict(),
                "left_at": iso(message.left_at),
                "heard_at": None if message.heard_at is None else iso(message.heard_at),
            }
            for message in found
        ]

    async def mark_heard(tenant: str, messages: list[str], heard: bool = True) -> None:
        await store.set_heard(messages, heard=heard, tenant=tenant)

    async def delete(tenant: str, messages: list[str], by: str) -> dict[str, str]:
        return await store.delete(messages, by, tenant=tenant)

    async def changed(mailboxes: Sequence[Sequence[str]]) -> None:
        lights.look(Mailbox(tenant, extension) for tenant, extension in mailboxes)

    return {
        "mailbox.list": listing,
        "mailbox.mark_heard": mark_heard,
        "mailbox.delete": delete,
        CHANGED: changed,
    }


def tell_engine(settings: Settings) -> Changed:
    """For processes beside the engine. One that is away looks for itself when it is back."""
    client = EngineClient(settings)

    async def changed(mailboxes: Collection[Mailbox]) -> None:
        if mailboxes:
            try:
                await client.call(CHANGED, mailboxes=sorted(mailboxes))
            except (EngineAway, OperationFailed):
                return

    return changed
