"""What tenant files say of recording: for the whole tenant, and for one number, queue or user."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from engine.directory.fields import FileModel, Seconds
from engine.directory.prompt_model import Prompt


def _kind_of_announcement(value: Any) -> str:
    return "<nothing>" if value is False else "<prompt>"


Announcement = Annotated[
    Annotated[Literal[False], Tag("<nothing>")] | Annotated[Prompt, Tag("<prompt>")],
    Discriminator(_kind_of_announcement),
]


class RecordingRule(FileModel):
    """For one number, queue or user; what is left out is decided by the rule behind it."""

    enabled: bool | None = Field(default=None, description="whether talks are recorded")
    announce: Announcement | None = Field(
        default=None, description="prompt that tells the outside party of it; `false`: nothing is said"
    )


def _kind_of_rule(value: Any) -> str:
    return "<rule>" if isinstance(value, dict | RecordingRule) else "<yes or no>"


RuleOrFlag = Annotated[
    Annotated[bool, Tag("<yes or no>")] | Annotated[RecordingRule, Tag("<rule>")],
    Discriminator(_kind_of_rule),
]
RULE_HELP = "`true`, `false` or `{enabled: …, announce: …}`; left out: the next rule decides"


_SHORT_FORMS = {value: RecordingRule(enabled=value) for value in (True, False, None)}


def rule_of(value: bool | RecordingRule | None) -> RecordingRule:
    """`true` is the short form of `{enabled: true}`."""
    return value if isinstance(value, RecordingRule) else _SHORT_FORMS[value]


class RecordingModel(FileModel):
    """Recording of talks."""

    enabled: bool = Field(
        default=True, description="record every talk; `recording` of a number, queue or user says otherwise"
    )
    internal: bool = Field(default=True, description="record talks between the tenant's own users too")
    announce: Announcement | None = Field(
        default=None,
        description="prompt that the outside party hears once, before he is connected with anybody: "
        "`recorded`, say; left out: none",
    )
    keep: Seconds = Field(default=180 * 86400.0, description="recordings are deleted after this time")
    encrypt: bool = Field(
        default=False, description="keep recordings and voice messages encrypted, with the tenant's own key"
    )
