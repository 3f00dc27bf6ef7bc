"""`config/tenants/NAME.yaml`: one customer company, its numbers, people and rules."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from engine.directory.answering_model import AnsweringModel
from engine.directory.callback_model import BookingModel
from engine.directory.client_model import CallerModel, ClientModel, PlanModel, PlanName
from engine.directory.fields import Extension, FileModel, Kopecks, Name, Seconds
from engine.directory.first_model import RingBackModel
from engine.directory.heavy_model import HeavyUsersModel
from engine.directory.listening_model import MAY_LISTEN_HELP, ListeningModel, MayListen
from engine.directory.notice_model import NoticeModel
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
from engine.directory.pause_model import PausesModel
from engine.directory.pool_model import PoolModel
from engine.directory.queue_model import QueueModel, Skills
from engine.directory.recording_model import RULE_HELP, RecordingModel, RuleOrFlag
from engine.directory.schedules.model import ScheduleModel, Zone
from engine.directory.task_model import ServiceModel


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
    call_waiting: bool = Field(
        True,
        description="a second call rings while this person talks, dials or is rung; with `false` it finds "
        "the person busy. Queues ring nobody who is in a call, whatever is set here",
    )
    recording: RuleOrFlag | None = Field(
        None, description=f"recording of this person's talks: {RULE_HELP}; it goes before all others"
    )
    skills: Skills = Field(
        default_factory=dict,
        description="how well this person knows what, 1 to 9, for queues that require it",
    )
    substitute: Extension | None = Field(
        None, description="who takes the person's own clients outside of the person's own hours"
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


def _kind_of_entry(value: Any) -> str:
    return "<caller>" if isinstance(value, dict | CallerModel) else "<name>"


PhoneBookEntry = Annotated[
    Annotated[str, Field(min_length=1), Tag("<name>")] | Annotated[CallerModel, Tag("<caller>")],
    Discriminator(_kind_of_entry),
]


class VoicemailModel(FileModel):
    """Voice messages that callers leave."""

    keep: Seconds = Field(default=180 * 86400.0, description="messages are deleted after this time")
    colleagues: bool = Field(
        default=False,
        description="a colleague who calls a user and reaches nobody may leave him a message; left out: he "
        "hears that it is busy, or that nobody answers",
    )


class TariffModel(FileModel):
    """What a minute costs and from when it counts."""

    meter_from: Literal["operator", "answer"] = Field(
        default="operator",
        description="count from the talk with a person, or from our answer; a call that the company makes "
        "counts from the other side's answer",
    )
    free_wait: bool = Field(
        default=False, description="waiting in a queue is not counted, also where our answer counts"
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
    client_groups: list[Name] = Field(
        default_factory=list, description="groups that imported clients may be in, besides those named here"
    )
    ring_back: RingBackModel | None = Field(
        None,
        description="callers from outside whose talk the network cuts off are rung back; left out: they are "
        "not",
    )
    heavy_users: dict[Name, HeavyUsersModel] = Field(
        default_factory=dict, description="rules for clients who call more than was meant"
    )
    plans: dict[PlanName, PlanModel] = Field(
        default_factory=dict,
        description="service plans of clients; where there are any, each client's `plan` must be one",
    )
    recording: RecordingModel = Field(default=RecordingModel(), description="recording of talks")
    voicemail: VoicemailModel = Field(default=VoicemailModel(), description="messages that callers leave")
    listening: ListeningModel = Field(default=ListeningModel(), description="listening to colleagues' talks")
    booking: BookingModel | None = Field(
        None, description="times that clients can book with people, to be rung then; left out: none"
    )
    parking: ParkingModel | None = Field(None, description="parking of calls; left out: there is none")
    service: ServiceModel | None = Field(
        None, description="deadlines of tasks: left out, none are opened by themselves"
    )
    notices: dict[Name, NoticeModel] = Field(
        default_factory=dict,
        description="systems that are told of events (webhooks), by any name",
    )
    pool: PoolModel | None = Field(
        None, description="its people are secretaries of other tenants; left out: they are not"
    )
    answering: AnsweringModel | None = Field(
        None, description="what whoever answers for this tenant is shown and fills in; left out: nothing"
    )
    pauses: PausesModel = Field(default=PausesModel(), description="why people of queues pause")
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
