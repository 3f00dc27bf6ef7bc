"""Everything that the process `engine` is made of, put together; nothing of it runs yet."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from engine.answering_operations import Answering
from engine.busy_lamps import BusyLamps
from engine.callback_calls import CallbackCalls
from engine.calls.absent import give_up
from engine.calls.exchange import Exchange
from engine.calls.first_choice import wants_of_number
from engine.calls.lines import Line, Lines
from engine.calls.previous import PreviousCalls
from engine.calls.queueing import GuardedObserver, Wants
from engine.calls.services import APPLICATION, Outside, Services
from engine.calls.switchboard import Switchboard
from engine.calls.tickets import LiveTickets
from engine.clock import SystemClock
from engine.directory.clients import Clients
from engine.directory.directory import Directory, Tenant
from engine.directory.prompts.library import PromptLibrary
from engine.directory.user_settings import UserSettings
from engine.dropped_calls import DroppedCalls
from engine.hold_music import HoldMusic
from engine.journal.spool import Spool
from engine.placing import CallPlacer
from engine.provisioning import Provisioning
from engine.queues.callback.booked import BookedTimes
from engine.queues.callback.desk import CallbackDesk
from engine.queues.queues import LiveQueues
from engine.reception import Reception
from engine.recordings.greetings import Greetings
from engine.recordings.lights import MessageLights
from engine.recordings.live_mailboxes import LiveMailboxes
from engine.recordings.message_store import MessageStore
from engine.records.tickets import TicketNumbers
from engine.scenarios.library import Library
from engine.scenarios.roads.prompts import RoadPrompts
from engine.scenarios.web_service import WebServiceClient
from engine.secrets import secret
from engine.settings import Settings
from engine.signed_requests.signature import secret_name
from engine.staff import Staff
from engine.store.database import Database
from engine.switch.ami import Ami
from engine.switch.ari.connection import WebSocketConnection
from engine.switch.ari.resources import Application
from engine.switch.ari.router import Router
from engine.switch.cel_search import find_ends, find_histories
from engine.switch.message_light import Mailbox


class Parts:
    """`on_connected` and `on_lost` are told when the switch comes and goes. Raises `OSError` where a secret
    or a folder cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.spool = Spool(settings.journal_folder, "engine", self.clock)
        self.prompts = PromptLibrary(settings)
        self.library = Library(settings, self.prompts, self.clock)
        self.road_prompts = RoadPrompts(self.prompts, self.directory, settings.scenarios_folder)
        self.ami = Ami("127.0.0.1", settings.ports.ami, "vats", secret(settings, "ami"))
        self.replaced = asyncio.Event()
        self.router = Router(
            on_stranger=lambda event: self.switchboard.on_stranger(event), on_replaced=self.replaced.set
        )
        self.connection = WebSocketConnection(
            host="127.0.0.1",
            port=settings.ports.ari,
            username="vats",
            password=secret(settings, "ari"),
            application=APPLICATION,
            on_event=self.router.route,
            on_connected=on_connected,
            on_lost=on_lost,
        )
        self.application = Application(self.connection, APPLICATION)
        self.provisioning = Provisioning(settings, self.application, self.ami)
        self.web_services = WebServiceClient(
            settings.web_services,
            lambda tenant: secret(settings, secret_name(tenant)),
            self.clock,
            settings.web_service_ca_file,
        )
        self.previous = PreviousCalls()
        self.clients = Clients()
        self.tickets = LiveTickets(TicketNumbers(settings.tickets_folder))
        self.database = Database(settings.database_url, pool_size=2)  # of background work and messages
        self.lights = MessageLights(self.database, self.ami, self._mailboxes)
        self.hold_music = HoldMusic(settings, self.ami, self.directory)
        self.messages = MessageStore(settings, self.database, self.clock, self._on_messages)
        self.live_mailboxes = LiveMailboxes(settings, self.messages)
        self.user_settings = UserSettings(settings.user_settings_folder, self.clock)
        self.staff = Staff(
            settings.cell,
            self.spool,
            self.clock,
            self.directory,
            self.user_settings,
            self.application,
            self.ami,
        )
        self.queues = LiveQueues(
            self.directory,
            now=self.clock.wall_ms,
            wants_quiet=self.user_settings.wants_quiet,
            presence=self.staff.book,
        )
        self.user_settings.listeners.append(lambda tenant, user, _: self.queues.member_changed(tenant, user))
        self.exchange = exchange = Exchange()
        self.busy_lamps = BusyLamps(
            self.application,
            self.directory,
            exchange,
            self.user_settings,
            self.staff.book,
        )
        self.user_settings.listeners.append(lambda *_: self.busy_lamps.look())
        self.staff.book.listeners.append(self.busy_lamps.presence_changed)
        rung_at = self.queues.roster.operators.rung_at
        self.staff.telephone_gone = lambda endpoint: give_up(exchange, rung_at(endpoint))
        lines = Lines(
            exchange,
            {
                name: Line(trunk.channels, trunk.setup, trunk.foreign_numbers)
                for name, trunk in settings.trunks.items()
            },
            lambda number: self.directory().number(number) is not None,
        )
        observer = GuardedObserver(self.queues)
        self.callbacks = CallbackDesk(
            self.directory,
            self.queues,
            observer,
            lines,
            self.spool,
            self.clock,
            settings.cell,
        )
        reception = Reception(self.library, settings.cell, lines, self.clients, exchange)
        self.dropped = DroppedCalls(reception, lines, observer, self.spool, self.clock, settings.cell)
        outside = self._outside = Outside(
            web_services=self.web_services,
            previous=self.previous,
            clients=self.clients,
            tickets=self.tickets,
            queues=self.queues,
            callbacks=self.callbacks,
            attendance=self.staff.attendance,
            lines=lines,
            user_settings=self.user_settings,
            mailboxes=self.live_mailboxes,
            greetings=Greetings(settings),
        )
        services = Services(
            connection=self.connection,
            router=self.router,
            spool=self.spool,
            clock=self.clock,
            mixmonitor=self.ami,
            prompts=self.prompts,
            raw_recordings=str(settings.raw_recordings_folder),
            outside=outside,
            observer=observer,
            exchange=exchange,
            endings=self.dropped,
            parking_changed=self.busy_lamps.look,
            music=self.hold_music,
            longest_call_s=settings.max_call,
        )
        self.switchboard = Switchboard(
            services,
            reception,
            partial(find_histories, settings.event_log),
            partial(find_ends, settings.event_log),
        )
        self.bookings = BookedTimes(self.callbacks, self.database, self.directory, self.clock, settings.cell)
        self.dropped.attach(self.switchboard)
        self.callbacks.attach(CallbackCalls(self.switchboard, reception, lines))
        self.placer = CallPlacer(
            self.switchboard, reception, self.directory, lines, self.clock, settings.cell
        )
        self.answering = Answering(
            self.directory,
            exchange,
            self.clients,
            self.database,
            self.spool,
            self.clock,
            settings.scenarios_folder,
        )

    def wants_of_number(self, tenant: Tenant, number: str, queue: str, at: int) -> Wants:
        """What this number brings into the queue, if it is rung back at `at`, UTC milliseconds, 0: now."""
        return wants_of_number(self._outside, tenant, number, queue, at or self.clock.wall_ms())

    def directory(self) -> Directory:
        """All tenants as they are now."""
        return self.library.directory

    def _mailboxes(self) -> set[Mailbox]:
        return {Mailbox(user.tenant, user.extension) for user in self.directory().users()}

    async def _on_messages(self, mailboxes: Collection[Mailbox]) -> None:
        self.lights.look(mailboxes)
