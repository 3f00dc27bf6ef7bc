"""What tenant files say of listening in: who may listen to whom, and whether those who talk are told."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from engine.directory.fields import Extension, FileModel, Name


class ListeningModel(FileModel):
    """Listening to colleagues' talks by `*90`, `*91` and `*92`."""

    beep: bool = Field(default=False, description="those who talk hear a short tone when somebody comes in")


def _kind_of_permission(value: Any) -> str:
    return "<yes or no>" if isinstance(value, bool) else "<list>"


MayListen = Annotated[
    Annotated[bool, Tag("<yes or no>")] | Annotated[list[Extension | Name], Tag("<list>")],
    Discriminator(_kind_of_permission),
]
MAY_LISTEN_HELP = "`true`: to everybody, or a list of extensions and groups"
