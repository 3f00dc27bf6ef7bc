"""What tenant files say of who serves queues when: who may join, and why people pause."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from engine.directory.fields import Extension, FileModel, Name

ReasonNumber = Annotated[int, Field(ge=1, le=99)]
ReasonText = Annotated[str, Field(min_length=1, max_length=60)]


class PausesModel(FileModel):
    """Why people pause."""

    reasons: dict[ReasonNumber, ReasonText] = Field(
        default_factory=dict,
        description="by the number dialled behind `*47`: `{1: обед, 2: обучение}`; the first of them counts "
        "where none is dialled",
    )
    free_text: bool = Field(
        default=True, description="`vats queue member pause` takes other reasons too, and none"
    )


def _kind_of_permission(value: Any) -> str:
    return "<yes or no>" if isinstance(value, bool) else "<list>"


MayJoin = Annotated[
    Annotated[bool, Tag("<yes or no>")] | Annotated[list[Extension | Name], Tag("<list>")],
    Discriminator(_kind_of_permission),
]
MAY_JOIN_HELP = "`true`: everybody, or a list of extensions and groups"
