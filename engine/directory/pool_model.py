"""`pool` of a tenant's file: secretaries who answer for other tenants, and queues that take them."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from engine.directory.fields import Extension, FileModel, Name

# All queues of other tenants that a secretary serves, as a queue's name: no queue is called so.
ALL_CUSTOMERS = "*/*"
QUEUE_OF = r"^[a-z][a-z0-9_-]{0,39}(/[a-z][a-z0-9_-]{0,39})?$"
Level = Annotated[int, Field(ge=1, le=9)]


def _kind_of_tenants(value: Any) -> str:
    return "<all>" if isinstance(value, str) else "<list>"


class PoolModel(FileModel):
    """This tenant's people serve queues of other tenants, where those ask for it by `pool` of a queue."""

    serves: Annotated[
        Annotated[Literal["all"], Tag("<all>")] | Annotated[list[Name], Field(min_length=1), Tag("<list>")],
        Discriminator(_kind_of_tenants),
    ] = Field(description="names of the tenants, or `all`")
    members: list[Extension] = Field(
        default_factory=list, description="extensions of those who do; left out: all users of this tenant"
    )

    login: bool = Field(
        False,
        description="they serve other tenants' queues only after they have logged in, by `*45` or `vats`",
    )
    codes: dict[Extension, Annotated[str, Field(pattern=QUEUE_OF)]] = Field(
        default_factory=dict,
        description="what they dial behind `*45` and `*46` for a tenant's queues, `romashka`, or for one, "
        "`romashka/main`, and behind `*44` to call within that tenant",
    )

    def queue_of_code(self, code: str) -> str:
        """What `codes` means, as attendance names it: `romashka/main`, `romashka/*`; "" for nothing."""
        named = self.codes.get(code, "")
        return named if not named or "/" in named else f"{named}/*"

    def serves_tenant(self, name: str) -> bool:
        """Whether it would, if that tenant asks for it."""
        return self.serves == "all" or name in self.serves


class QueuePoolModel(FileModel):
    """Secretaries of another tenant serve this queue beside its members, or alone."""

    tenant: Name = Field(description="whose people they are: a tenant with `pool`, which serves this one")
    level: Level = Field(1, description="as that of a member: 2 for when nobody of level 1 is free")
    preference: Level = Field(1, description="as that of a member, among all queues that they serve")
