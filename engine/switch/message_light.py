"""The message light (MWI, RFC 3842): how many voice messages wait for a user.

Asterisk keeps the numbers of each mailbox and tells phones of them by itself: when they change, whenever a
phone registers, and when one asks by SUBSCRIBE. Its packages have no interface that sets the numbers
(`res_mwi_external` is missing), so it is told as by another switch: by a NOTIFY that it sends to itself, from
an endpoint of the mailbox's own which knows the password `mailboxes`.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from engine.switch.accounts import AccountObjects

# The auth and the AoR of all mailboxes' endpoints, in pjsip.conf. No trunk's or tenant's name has a dot.
SHARED = "vats.mailboxes"


class Mailbox(NamedTuple):
    """A user's voice messages."""

    tenant: str
    extension: str

    @property
    def name(self) -> str:
        """As Asterisk names it: `101@romashka`."""
        return f"{self.extension}@{self.tenant}"

    @property
    def endpoint(self) -> str:
        """The endpoint that tells Asterisk of its numbers."""
        return f"mailbox.{self.tenant}.{self.extension}"


class Count(NamedTuple):
    """How many messages are in a mailbox."""

    new: int
    old: int


class Notifier(Protocol):
    """`engine.switch.ami.Ami`."""

    async def notify(
        self, endpoint: str, *, event: str, content_type: str, content: Iterable[str]
    ) -> None: ...


def endpoint_of(mailbox: Mailbox) -> AccountObjects:
    """The endpoint of a mailbox's own; its auth and AoR are all mailboxes'."""
    return AccountObjects(
        mailbox.endpoint,
        endpoint={
            "aors": SHARED,
            "auth": SHARED,
            "outbound_auth": SHARED,
            "from_user": mailbox.endpoint,
            "incoming_mwi_mailbox": mailbox.name,
            # There is no such context: whoever knew the password could call nobody.
            "context": "nowhere",
            "disallow": "all",
            "allow": "alaw",
        },
        auth={},
        aor={},
    )


async def show_messages(ami: Notifier, mailbox: Mailbox, count: Count) -> None:
    """Let the switch know a mailbox's numbers, and tell them to its phones. Raises `SwitchError`."""
    await ami.notify(
        mailbox.endpoint,
        event="message-summary",
        content_type="application/simple-message-summary",
        content=[
            f"Messages-Waiting: {'yes' if count.new else 'no'}",
            f"Voice-Message: {count.new}/{count.old} (0/0)",
        ],
    )
