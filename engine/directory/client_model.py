"""`phone_book`, `clients` and `plans` of a tenant's file: callers who are known."""

from typing import Annotated

from pydantic import Field

from engine.directory.fields import Extension, FileModel, Name
from engine.directory.outgoing_model import Telephone
from engine.directory.queue_model import Skills

PlanName = Annotated[str, Field(min_length=1, max_length=40)]


class CallerModel(FileModel):
    """A caller whom the phone book knows."""

    name: str = Field(min_length=1, description="shown on phones and in records")
    group: Name | None = Field(None, description="for `caller.group` of the step `switch`: vip")


class ClientModel(FileModel):
    """A known caller."""

    name: str = Field(min_length=1)
    company: str = ""
    numbers: list[Telephone] = Field(default_factory=list, description="numbers that the client calls from")
    email: str = Field("", description="ticket numbers are sent there")
    contract: str = Field("", description="contract or account number, for identification")
    plan: str = Field("", description="service plan, for routing; one of `plans`, where there are any")
    specialist: Extension | None = Field(None, description="extension of the client's own specialist")
    substitute: Extension | None = Field(
        None,
        description="who stands in outside of the specialist's own hours; left out: the specialist's own "
        "`substitute`",
    )
    priority: int | None = Field(
        None, ge=1, le=5, description="1 is served first; left out: that of the client's plan"
    )
    group: Name | None = Field(None, description="for `caller.group` of the step `switch`: vip")


class PlanModel(FileModel):
    """What a service plan means for its clients in queues."""

    priority: int | None = Field(None, ge=1, le=5, description="of its clients in queues: 1 is served first")
    skills: Skills = Field(
        default_factory=dict,
        description="what an operator must be able to do for them, and how well: `{english: 2}`",
    )
