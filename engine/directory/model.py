"""`config/tenants/NAME.yaml`: one customer company, its numbers, people and rules."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from engine.directory.fields import Extension, FileModel, Kopecks, Name, Seconds
from engine.directory.listening_model import MAY_LISTEN_HELP, ListeningModel, MayListen
from engine.directory.numbers import is_country
from engine.directory.outgoing_model import (
    DESTINATION_HELP,
    Destination,
    LimitsModel,
    NamesModel,
    NumberPattern,
    OutgoingModel,
    Telephone,
)
from engine.directory.parking_model import ParkingModel
from engine.directory.recording_model import RULE_HELP, RecordingModel, RuleOrFlag
from engine.directory.schedules.model import ScheduleModel, Zone


class NumberModel(FileModel):
    """A city number of the tenant."""

    scenario: Name = Field(description="the scenario that calls to this number run")
    title: str = Field("", description="what people call this number")
    recording: RuleOrFlag | None = Field(None, description=f"recording of its calls: {RULE_HELP}")


class UserModel(FileModel):
    """A person with an extension."""

    name: str = Field(min_length=1, description="shown on phones and in records")
    email: str = Field("", description="voice messages are sent there")
    mobile: Telephone | None = Field(None, description="the person's mobile number")
    number: Telephone | None = Field(
        None, description="one of the tenant's numbers, shown when this person calls outside"
    )
    calls: list[Destination] | None = Field(
        None, description=f"what this person may call; left out: `outgoing.permit`. {DESTINATION_HELP}"
    )
    devices: list[Name] = Field(
        default=["desk"], min_length=1, description="SIP accounts TENANT-EXTENSION-DEVICE; all ring"
    )
    schedule: Name | None = Field(
        None, description="one of `schedules`: outside of it `ring` leaves the person out; left out: always"
    )
    recording: RuleOrFlag | None = Field(
        None, description=f"recording of this person's talks: {RULE_HELP}; it goes before all others"
    )
    may_listen: MayListen = Field(
        False, description=f"whose talks this person may listen to and join: {MAY_LISTEN_HELP}"
    )


class MemberModel(FileModel):
    """A member of a group who rings for a time of his own."""

    user: Extension = Field(description="extension of a user of the tenant")
    ring: Seconds = Field(description="how long he is tried, his forwarding included")


def _kind_of_member(value: Any) -> str:
    return "<member>" if isinstance(value, dict | MemberModel) else "<extension>"


Member = Annotated[
    Annotated[Extension, Tag("<extension>")] | Annotated[MemberModel, Tag("<member>")],
    Discriminator(_kind_of_member),
]


class GroupModel(FileModel):
    """People who ring together."""

    members: list[Member] = Field(
        min_length=1, description="extensions of the tenant's users, or `{user: …, ring: 10s}`"
    )
    extension: Extension | None = Field(None, description="colleagues reach the group by dialling this")
    ring: Literal["all", "random", "sequence", "least_recent"] = Field(
        "all",
        description="all at once, or one after another: by chance, in this order, or who has not talked for "
        "the longest time first",
    )
    timeout: Seconds = Field(
        20.0,
        description="how long the group rings before nobody has answered; those who ring one after another "
        "and have no time of their own share it equally",
    )

    @property
    def extensions(self) -> list[str]:
        """Of all members, in the file's order."""
        return [one.user if isinstance(one, MemberModel) else one for one in self.members]


class AnnounceModel(FileModel):
    """What a waiting caller is told."""

    position: Seconds | None = Field(default=None, description="tell the place in the queue this often")
    wait: bool = Field(default=False, description="tell the expected wait as well")


class QueueModel(FileModel):
    """Callers wait here while all operators are busy."""

    members: list[Extension] = Field(min_length=1, description="extensions of the tenant's users")
    extension: Extension | None = Field(None, description="colleagues reach the queue by dialling this")
    strategy: Literal["longest_idle", "all", "random", "sequence", "least_recent"] = Field(
        "longest_idle", description="who gets the next caller"
    )
    max_wait: Seconds = Field(300.0, description="after this the step's `on_timeout` is taken")
    ring_timeout: Seconds = Field(
        15.0, description="how long a member's phone rings before the next one gets the caller"
    )
    wrap_up: Seconds | None = Field(None, description="rest of an operator after a talk from the queue")
    announce: AnnounceModel = Field(default=AnnounceModel(), description="what the waiting caller hears")
    callback: bool = Field(False, description="the caller may ask to be rung back")
    recording: RuleOrFlag | None = Field(None, description=f"recording of its callers' talks: {RULE_HELP}")


class CallerModel(FileModel):
    """A caller whom the phone book knows."""

    name: str = Field(min_length=1, description="shown on phones and in records")
    group: Name | None = Field(None, description="for `caller.group` of the step `switch`: vip")


class ClientModel(FileModel):
    """A known caller."""

    name: str = Field(min_length=1)
    company: str = ""
    numbers: list[Telephone] = Field(default_factory=list, description="numbers that the client calls from")
    email: str = ""
    contract: str = Field("", description="contract or account number, for identification")
    plan: str = Field("", description="service plan, for routing")
    specialist: Extension | None = Field(None, description="extension of the client's own specialist")
    priority: int | None = Field(None, ge=1, le=5, description="1 is served first")
    group: Name | None = Field(None, description="for `caller.group` of the step `switch`: vip")


def _kind_of_entry(value: Any) -> str:
    return "<caller>" if isinstance(value, dict | CallerModel) else "<name>"


PhoneBookEntry = Annotated[
    Annotated[str, Field(min_length=1), Tag("<name>")] | Annotated[CallerModel, Tag("<caller>")],
    Discriminator(_kind_of_entry),
]


class VoicemailModel(FileModel):
    """Voice messages that callers leave."""

    keep: Seconds = Field(default=180 * 86400.0, description="messages are deleted after this time")


class TariffModel(FileModel):
    """What a minute costs and from when it counts."""

    meter_from: Literal["operator", "answer"] = Field(
        default="operator", description="count from the talk with a person, or from our answer"
    )
    per_minute: Kopecks = Field(default=0, description='roubles a minute, as text: "1.50"')


class TenantModel(FileModel):
    """The whole file. Its name without `.yaml` is the tenant's name."""

    tenant: Name = Field(description="the tenant's name, the same as the file's")
    title: str = Field(min_length=1, description="what people call the company")
    timezone: Zone = Field("Europe/Moscow", description="IANA time zone of schedules and spoken times")
    language: str = Field("ru", pattern=r"^[a-z]{2}$", description="language of prompts: ru or en")
    country: str = Field("RU", description="what numbers without a country code mean")
    numbers: dict[Telephone, NumberModel] = Field(default_factory=dict, description="city numbers")
    users: dict[Extension, UserModel] = Field(default_factory=dict, description="people, by extension")
    groups: dict[Name, GroupModel] = Field(default_factory=dict, description="people who ring together")
    queues: dict[Name, QueueModel] = Field(default_factory=dict, description="waiting lines")
    schedules: dict[Name, ScheduleModel] = Field(default_factory=dict, description="working hours")
    desk: Extension | None = Field(
        None, description="who rings when all else fails; left out: the first of `users`"
    )
    outgoing: OutgoingModel | None = Field(None, description="left out: no calls to outside numbers")
    emergency: list[Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]] | None = Field(
        None,
        description="emergency numbers that people can dial; left out: all of the country that are nobody's "
        "extension. 112 is always one",
    )
    blocked: list[NumberPattern] = Field(
        default_factory=list,
        description='callers who are turned away at once: numbers, or how they begin: "+7809*"',
    )
    block_withheld: bool = Field(False, description="turn callers away who withhold their number")
    limits: LimitsModel = Field(default=LimitsModel(), description="how many calls at the same time")
    names: NamesModel | None = Field(
        None, description="a web service that knows the names of callers; left out: none is asked"
    )
    tariff: TariffModel = Field(default=TariffModel(), description="what a minute costs")
    phone_book: dict[Telephone, PhoneBookEntry] = Field(
        default_factory=dict, description="names of callers: a name, or `{name: …, group: vip}`"
    )
    clients: dict[Name, ClientModel] = Field(default_factory=dict, description="known callers, in full")
    recording: RecordingModel = Field(default=RecordingModel(), description="recording of talks")
    voicemail: VoicemailModel = Field(default=VoicemailModel(), description="messages that callers leave")
    listening: ListeningModel = Field(default=ListeningModel(), description="listening to colleagues' talks")
    parking: ParkingModel | None = Field(None, description="parking of calls; left out: there is none")
    music: Name | None = Field(
        None,
        description="hold music: a folder of `music` beside the settings file; left out: the tenant's own "
        "folder `music`, and where there is none, the built-in music",
    )

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        if not is_country(value):
            raise ValueError(f"unknown country {value}, expected two capital letters such as RU")
        return value
