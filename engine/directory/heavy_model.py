"""`heavy_users` of a tenant's file: who calls more than was meant."""

from typing import Literal, Self

from pydantic import Field, model_validator

from engine.directory.fields import FileModel, Seconds


class HeavyUsersModel(FileModel):
    """A rule such as: over five calls and over one hour within a week. All that is given must be exceeded."""

    calls: int | None = Field(None, ge=1, description="more than so many calls within the window")
    time: Seconds | None = Field(None, description="and together longer than this")
    window: Seconds = Field(7 * 86_400.0, description="the time that is looked back, up to each call's end")
    per: Literal["company", "client", "number"] = Field(
        "company",
        description="what counts together: numbers of a client's company, of a client, or each number; "
        "who is no client counts for `number` alone",
    )
    wrap_up_counts: bool = Field(
        True, description="the `wrap_up` of the queue counts as time of each call that was talked in"
    )
    notify: list[Literal["event", "email"]] = Field(
        default=["event"],
        description="event: receivers of `heavy_user.crossed` are told (`notices`); email: the client's "
        "specialist is written to, or `email`",
    )
    email: str = Field("", pattern=r"^$|^[^@\s]+@[^@\s]+$", description="who is written to instead")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.calls is None and self.time is None:
            raise ValueError("the rule has no limit, expected calls, time or both")
        return self
