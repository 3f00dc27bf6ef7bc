"""How a tenant's people reach the outside world, and who may not reach them."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from engine.directory.fields import FileModel, Kopecks, Name, PhoneNumber, Seconds
from engine.directory.numbers import is_e164

Destination = Literal["country", "mobile", "abroad", "premium"]
DESTINATION_HELP = (
    "country: landlines of the tenant's country and its free numbers; mobile: its mobiles; abroad: all other "
    "countries; premium: numbers that cost more, of any country, and satellites"
)
_PATTERN = re.compile(r"\+[0-9]{1,15}\*?")


def _telephone(value: str) -> str:
    if not is_e164(value):
        raise ValueError(f'{value} is no telephone number, expected E.164 such as "+74951234567"')
    return value


def _pattern(value: str) -> str:
    if not _PATTERN.fullmatch(value):
        raise ValueError(f'{value!r} is no number, expected "+79031112233" or the beginning of one: "+7809*"')
    return value


def _name_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s{}@#]+/?[^\s{}#]*\{number\}[^\s{}#]*", value):
        raise ValueError(f"{value!r} is no web address with {{number}} in it")
    return value


Telephone = Annotated[PhoneNumber, AfterValidator(_telephone)]
NumberPattern = Annotated[str, AfterValidator(_pattern)]


class RouteModel(FileModel):
    """One way to numbers that begin alike. The longest prefix counts; of several such, the cheapest first."""

    prefix: str = Field(
        "",
        pattern=r"^(\+[0-9]{0,15})?$",
        description="how the numbers begin, in E.164; left out: all",
    )
    trunks: list[Name] = Field(
        min_length=1, description="trunks of config/vats.yaml; where one does not work the next is tried"
    )
    cost: Kopecks = Field(
        0, description='what a minute costs us, roubles as text: "0.90"; the cheapest first'
    )
    strip: int = Field(0, ge=0, le=15, description="characters taken off the front of the number in E.164")
    add: str = Field(
        "", pattern=r"^[+0-9*#]{0,20}$", description="put in front of it then, as the trunk wants it: 8"
    )


class OutgoingModel(FileModel):
    """How the tenant reaches the outside world: `{trunk, number}`, or with routes and more numbers."""

    trunk: Name | None = Field(None, description="a trunk of config/vats.yaml; it takes what no route does")
    number: Telephone | None = Field(
        None, description="the tenant's own number that is shown; left out: the first of `numbers`"
    )
    numbers: list[Telephone] = Field(
        default_factory=list,
        max_length=9,
        description="own numbers that can be chosen for a call by dialling *51, *52 … before the number; "
        "left out: all city numbers of the tenant, in the file's order",
    )
    routes: list[RouteModel] = Field(default_factory=list, description="which trunk takes which numbers")
    permit: list[Destination] = Field(
        default=["country", "mobile"], description=f"what may be called: {DESTINATION_HELP}"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.trunk is None and not self.routes:
            raise ValueError("calls outside have no way: expected `trunk` or `routes`")
        if self.number is None and not self.numbers:
            raise ValueError("no number to show: expected `number` or `numbers`")
        return self

    @property
    def shown(self) -> str:
        """The own number that is shown where nobody chose another."""
        return self.number or self.numbers[0]

    def trunks(self) -> list[str]:
        """All that calls may go by, each once."""
        named = [trunk for route in self.routes for trunk in route.trunks]
        return list(dict.fromkeys([*named, *([self.trunk] if self.trunk else [])]))


class LimitsModel(FileModel):
    """How many calls there may be at the same time; left out: as many as the machine bears."""

    calls: int | None = Field(None, ge=1, description="of the tenant, in all directions; more hear busy")
    outgoing: int | None = Field(None, ge=1, description="of the tenant, to outside numbers")
    user: int | None = Field(None, ge=1, description="of each user, to outside numbers")


class NamesModel(FileModel):
    """A web service that knows callers' names; asked when neither phone book nor users know one."""

    url: Annotated[str, AfterValidator(_name_url)] = Field(
        description="its address, `{number}` in it is the caller's number in E.164; it answers as one of the "
        'step `request` does: `{"variables": {"name": "…"}}`'
    )
    timeout: Seconds = Field(0.3, le=0.3, description="how long a call waits for the answer: 300ms at most")
