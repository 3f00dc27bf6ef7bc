"""`notices` of a tenant's file: which systems are told of which events, by a signed request."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from engine.directory.fields import FileModel
from engine.directory.notice_kinds import KINDS

_LONGEST = 2000


def _address(value: str) -> str:
    if any(char.isspace() or not char.isprintable() for char in value) or len(value) > _LONGEST:
        raise ValueError(f"{value[:80]!r} is no web address, expected one such as https://crm.example/vats")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise ValueError(f"{value!r} is no web address, expected one such as https://crm.example/vats")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address holds a name or password, expected none: requests are signed")
    if parts.fragment:
        raise ValueError(f"{value!r} has a part after `#`, which no server gets, expected none")
    return value


class NoticeModel(FileModel):
    """A system that is told of events by POST, signed with the tenant's key (`vats secret show`)."""

    url: Annotated[str, AfterValidator(_address)] = Field(description="where to: https://…")
    events: list[str] | Literal["all"] = Field(
        "all", description=f"which: {', '.join(KINDS)}; left out: all, also those that come to be later"
    )

    @field_validator("events")
    @classmethod
    def _known(cls, value: Any) -> Any:
        for one in value if isinstance(value, list) else ():
            if one not in KINDS:
                raise ValueError(f"unknown event {one}, expected one of {', '.join(KINDS)}")
        return value

    def wants(self, kind: str) -> bool:
        """Whether this receiver is told of such events."""
        return self.events == "all" or kind in self.events
