"""`announce` of a queue: what waiting callers are told, and how often."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from engine.directory.fields import FileModel, Seconds
from engine.directory.prompt_model import Prompt


class TimesModel(FileModel):
    """When something is told while a caller waits."""

    first: Seconds | None = Field(
        default=None, description="first told after so long in the queue; left out: see each announcement"
    )
    every: Seconds | None = Field(default=None, description="then told this often; left out: once")


def _kind_of_times(value: Any) -> str:
    return "<times>" if isinstance(value, dict | TimesModel) else "<interval>"


def _kind_of_wait(value: Any) -> str:
    return "<yes or no>" if isinstance(value, bool) else _kind_of_times(value)


Times = Annotated[
    Annotated[Seconds, Tag("<interval>")] | Annotated[TimesModel, Tag("<times>")],
    Discriminator(_kind_of_times),
]
WaitTimes = Annotated[
    Annotated[bool, Tag("<yes or no>")]
    | Annotated[Seconds, Tag("<interval>")]
    | Annotated[TimesModel, Tag("<times>")],
    Discriminator(_kind_of_wait),
]
_TIMES_HELP = "an interval such as `30s`, or `{first: 20s, every: 1m}`"


class HeavyLoadModel(FileModel):
    """When more people call than can be answered soon, callers are told so."""

    longer_than: int | None = Field(
        default=None, ge=1, le=100_000, description="told when more callers than this wait"
    )
    wait_over: Seconds | None = Field(default=None, description="told when the expected wait is over this")
    prompt: Prompt = Field(default="queue-heavy-load", description="what is told")
    first: Seconds | None = Field(
        default=None, description="first told after so long in the queue; left out: at once"
    )
    every: Seconds | None = Field(default=None, description="then told this often; left out: once")

    @model_validator(mode="after")
    def _a_limit(self) -> Self:
        if self.longer_than is None and self.wait_over is None:
            raise ValueError("nothing says when the load is heavy, expected longer_than, wait_over or both")
        return self


class OtherWaysModel(FileModel):
    """Other ways to reach the company, one at a time."""

    prompts: list[Prompt] = Field(
        min_length=1,
        max_length=20,
        description="told in turn: a site, a messenger, the callback (`queue-callback`)",
    )
    first: Seconds | None = Field(
        default=None, description="first told after so long in the queue; left out: as `every`"
    )
    every: Seconds = Field(default=60.0, description="then the next one this often")


class OwnAnnouncementModel(FileModel):
    """Something of the company's own."""

    prompt: Prompt = Field(description="what is told")
    first: Seconds | None = Field(
        default=None, description="first told after so long in the queue; left out: as `every`, else at once"
    )
    every: Seconds | None = Field(default=None, description="then told this often; left out: once")


class AnnounceModel(FileModel):
    """What a waiting caller is told. What is due at the same time is told together, in this order."""

    heavy_load: HeavyLoadModel | None = Field(default=None, description="notice of a heavy load")
    position: Times | None = Field(
        default=None, description=f"the place in the queue: {_TIMES_HELP}; first told at once"
    )
    wait: WaitTimes = Field(
        default=False,
        description=f"the expected wait: `true` with the place, or times of its own: {_TIMES_HELP}; first "
        "told at once",
    )
    own: list[OwnAnnouncementModel] = Field(
        default_factory=list, max_length=20, description="announcements of the company's own"
    )
    other_ways: OtherWaysModel | None = Field(default=None, description="other ways to reach the company")
    callback: Times | None = Field(
        default=None,
        description=f"that a key has him rung back, where the queue and the step offer it: {_TIMES_HELP}; "
        "left out: with the place; without that, once at the beginning. Not told where `other_ways` tells it",
    )

    @model_validator(mode="after")
    def _wait_has_times(self) -> Self:
        if self.wait is True and self.position is None:
            raise ValueError("`wait: true` is told with the place, expected `position`, or `wait: 30s`")
        return self
