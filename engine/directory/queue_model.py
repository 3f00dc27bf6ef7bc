"""`queues` of a tenant's file: who waits where, for whom, and what he hears meanwhile."""

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from engine.directory.announce_model import AnnounceModel
from engine.directory.callback_model import CallbackModel
from engine.directory.fields import Extension, FileModel, Name, Seconds
from engine.directory.first_model import SamePersonModel, SpecialistModel
from engine.directory.pause_model import MAY_JOIN_HELP, MayJoin
from engine.directory.pool_model import Level, QueuePoolModel
from engine.directory.recording_model import RULE_HELP, RuleOrFlag

# The priority that is worth no waiting and costs none.
MIDDLE_PRIORITY = 3

Skills = dict[Name, Level]
Strategy = Literal[
    "longest_idle",
    "round_robin",
    "fewest_calls",
    "least_recent",
    "sequence",
    "random",
    "weighted",
    "skills",
    "all",
]


class QueueMemberModel(FileModel):
    """Somebody who serves a queue, where it is not enough to name him."""

    user: Extension = Field(description="extension of a user of the tenant")
    ring: Seconds | None = Field(None, description="how long he is rung; left out: `ring_timeout`")
    level: Level = Field(
        1, description="members of level 1 are rung first, those of level 2 when none of level 1 is free, …"
    )
    preference: Level = Field(
        1,
        description="where he serves several queues, those with a lower number go first for him: each step "
        "is worth as much waiting of their callers as one level of priority",
    )
    weight: int = Field(
        1, ge=1, le=100, description="for the strategy `weighted`: his share of callers, beside the others'"
    )
    skills: Skills = Field(
        default_factory=dict,
        description="how well he knows what, in this queue; before the user's own `skills`",
    )


class RelaxModel(FileModel):
    """How required skills are lowered while a caller waits, so that somebody serves him in the end."""

    after: Seconds = Field(description="after waiting so long one level less is enough, of each skill")
    every: Seconds | None = Field(None, description="then again each time; left out: as `after`")
    to: int = Field(0, ge=0, le=9, description="never lower than this level; 0: in the end anybody will do")


def _kind_of_member(value: Any) -> str:
    return "<member>" if isinstance(value, dict | QueueMemberModel) else "<extension>"


QueueMember = Annotated[
    Annotated[Extension, Tag("<extension>")] | Annotated[QueueMemberModel, Tag("<member>")],
    Discriminator(_kind_of_member),
]


def _kind_of_time(value: Any) -> str:
    return "<never>" if value is False else "<duration>"


SecondsOrNever = Annotated[
    Annotated[Seconds, Tag("<duration>")] | Annotated[Literal[False], Tag("<never>")],
    Discriminator(_kind_of_time),
]


class QueueModel(FileModel):
    """Callers wait here while all operators are busy."""

    members: list[QueueMember] = Field(
        default_factory=list,
        description="extensions of the tenant's users, or `{user: …, level: 2, skills: {…}}`; may be "
        "left out where there is a `pool`",
    )
    pool: QueuePoolModel | None = Field(
        None,
        description="secretaries of another tenant serve it as well, or alone: that tenant's name, or "
        "`{tenant: …, level: 2}`",
    )
    extension: Extension | None = Field(None, description="colleagues reach the queue by dialling this")
    strategy: Strategy = Field("longest_idle", description="who gets the next caller")
    level_after: Seconds | None = Field(
        None,
        description="members of level 2 serve only callers who have waited so long, those of level 3 twice "
        "as long, …; left out: as soon as nobody of a lower level is free",
    )
    skills: Skills = Field(
        default_factory=dict,
        description="the level of each skill that all its callers need of who serves them",
    )
    relax: RelaxModel | None = Field(
        None, description="lower the required skills while a caller waits; left out: they stay"
    )
    priority: int = Field(
        MIDDLE_PRIORITY,
        ge=1,
        le=5,
        description="priority of callers who have none of their own; 1 is served first",
    )
    priority_step: Seconds = Field(
        60.0, description="one level of priority is worth so much waiting, so that nobody waits forever"
    )
    max_wait: Seconds = Field(300.0, description="after this the step's `on_timeout` is taken")
    max_length: int | None = Field(
        None, ge=1, description="so many callers may wait at most; left out: any number"
    )
    join_when_empty: bool = Field(
        True, description="callers may begin to wait when nobody who serves the queue can be reached"
    )
    leave_when_empty: SecondsOrNever = Field(
        10.0,
        description="callers leave when nobody who serves the queue could be reached for so long; false: "
        "they wait on",
    )
    ring_timeout: Seconds = Field(
        15.0, description="how long a member's phone rings before the next one gets the caller"
    )
    wrap_up: Seconds | None = Field(None, description="rest of an operator after a talk from the queue")
    login: bool = Field(False, description="members serve only after they have logged in, by `*45` or `vats`")
    may_join: MayJoin = Field(
        False, description=f"who else may join the queue and leave it again: {MAY_JOIN_HELP}"
    )
    pause_after_misses: int = Field(
        3, ge=0, le=100, description="who does not answer so often in a row is paused; 0: nobody is"
    )
    tell_missed: bool = Field(
        False, description="whoever is paused so is sent a text to his telephone as well (SIP MESSAGE)"
    )
    announce: AnnounceModel = Field(default=AnnounceModel(), description="what the waiting caller is told")
    music: Name | None = Field(
        None,
        description="its hold music: a folder in the tenant's own folder `music`, else one of `music` beside "
        "the settings file; left out: the tenant's music",
    )
    specialist: SpecialistModel | None = Field(
        None,
        description="known clients are tried at their own specialist first; left out: they are not",
    )
    same_person: SamePersonModel | None = Field(
        None,
        description="callers are tried first at whoever talked with them last, or about the ticket that they "
        "have entered; left out: they are not",
    )
    callback: CallbackModel | None = Field(
        None,
        description="the caller may ask to be rung back: `true`, or how that is done; left out: he may not",
    )
    recording: RuleOrFlag | None = Field(None, description=f"recording of its callers' talks: {RULE_HELP}")

    @property
    def extensions(self) -> list[str]:
        """Of all members, in the file's order."""
        return [one if isinstance(one, str) else one.user for one in self.members]

    @property
    def ring_times(self) -> dict[str, float]:
        """How long those are rung who have a time of their own, seconds."""
        return {one.user: one.ring for one in self.members if not isinstance(one, str) and one.ring}

    def ring_s(self, users: Iterable[str]) -> float:
        """How long these are rung together, seconds: the longest time of theirs."""
        times = self.ring_times
        return max((times.get(user, self.ring_timeout) for user in users), default=self.ring_timeout)

    @property
    def entries(self) -> list[QueueMemberModel]:
        """All members in full, in the file's order."""
        return [QueueMemberModel(user=one) if isinstance(one, str) else one for one in self.members]

    @field_validator("pool", mode="before", json_schema_input_type=Name | QueuePoolModel | None)
    @classmethod
    def _name_of_pool(cls, value: Any) -> Any:
        return {"tenant": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _somebody(self) -> "QueueModel":
        if not self.members and self.pool is None:
            raise ValueError("nobody serves the queue, expected `members` or `pool`")
        return self

    @field_validator("callback", mode="before", json_schema_input_type=bool | CallbackModel | None)
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return (CallbackModel() if value else None) if isinstance(value, bool) else value

    @cached_property
    def member_extensions(self) -> frozenset[str]:
        """The same as `extensions`, to look one up in."""
        return frozenset(self.extensions)
