"""The views that others read: call records for billing departments and reports.

They are a contract: columns are only ever added, at the end. `documentation` beside each column makes
docs/billing/call-records.md. The SQL is the same in SQLite and PostgreSQL.
"""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table
from sqlalchemy.types import TypeEngine

from engine.store.types import UtcTime


class ViewColumn(NamedTuple):
    name: str
    type: TypeEngine[Any]
    expression: str
    documentation: str


class View(NamedTuple):
    name: str
    documentation: str
    columns: tuple[ViewColumn, ...]
    source: str

    def create_sql(self) -> str:
        selected = ", ".join(f"{column.expression} AS {column.name}" for column in self.columns)
        return f"CREATE VIEW {self.name} AS SELECT {selected} FROM {self.source}"

    def table(self, metadata: MetaData) -> Table:
        """The view as SQLAlchemy reads it."""
        return Table(self.name, metadata, *(Column(column.name, column.type) for column in self.columns))


_TEXT, _TIME, _WHOLE, _BIG = String(), UtcTime(), Integer(), BigInteger()
_SECONDS: TypeEngine[float] = Double()


def _seconds(expression: str) -> str:
    return f"CAST({expression} AS DOUBLE PRECISION) / 1000"


def _charged(expression: str) -> str:
    return f"(SELECT {expression} FROM charge_line WHERE charge_line.call_id = call.call_id)"


CDR = View(
    "cdr",
    "One row a call that has ended: every initial INVITE that made a channel, and every call that we placed.",
    (
        ViewColumn(
            "call_id", _TEXT, "call.call_id", "The call: the switch's unique id of its first channel."
        ),
        ViewColumn("tenant", _TEXT, "call.tenant", "Whose call it is; empty for a number that nobody owns."),
        ViewColumn("direction", _TEXT, "call.direction", "`in`, `out` or `internal`."),
        ViewColumn("number", _TEXT, "call.number", "The tenant's city number, E.164."),
        ViewColumn(
            "caller", _TEXT, "call.caller", "Who called, E.164; as received if no number; empty if withheld."
        ),
        ViewColumn("caller_name", _TEXT, "call.caller_name", "His name, where the phone book knew it."),
        ViewColumn(
            "callee", _TEXT, "call.callee", "What was asked for: a city number, extension or outside number."
        ),
        ViewColumn("scenario", _TEXT, "call.scenario", "The scenario that the call began with."),
        ViewColumn("scenario_version", _TEXT, "call.scenario_version", "Its version (hash of its content)."),
        ViewColumn("started_at", _TIME, "call.started_at", "The channel came into being."),
        ViewColumn("answered_at", _TIME, "call.answered_at", "We answered, be it for a menu; null: never."),
        ViewColumn("talk_started_at", _TIME, "call.talk_started_at", "A person first talked; null: nobody."),
        ViewColumn("ended_at", _TIME, "call.ended_at", "The channel was gone."),
        ViewColumn("duration_s", _SECONDS, _seconds("call.duration_ms"), "From start to end, seconds."),
        ViewColumn("talk_s", _SECONDS, _seconds("call.talk_ms"), "Talk with people, seconds."),
        ViewColumn(
            "billable_s",
            _WHOLE,
            _charged("COALESCE(SUM(charge_line.billable_s), 0)"),
            "Seconds that are charged: 0 under 10,000 ms, else whole seconds rounded up, from the tariff's "
            "`meter_from` (our answer, or the first talk; of a call that the company makes the other side's "
            "answer) to the end, less what he waited in queues where it "
            "has `free_wait`.",
        ),
        ViewColumn(
            "disposition",
            _TEXT,
            "call.disposition",
            "`answered` (a person talked, an information scenario reached its end, or one of the company's "
            "people heard his messages or listened in), `missed` (also after a wait in a queue, or a step "
            "`ring` or `dial` for which nobody was there, whatever was said then), `busy`, `failed`, "
            "`voicemail`, `callback`, `refused` (turned away before any scenario).",
        ),
        ViewColumn(
            "ended_by",
            _TEXT,
            "call.ended_by",
            "`caller`, `operator`, `engine`, or `network` (RTP time-out, session timer, cause 27, 38 or 41).",
        ),
        ViewColumn(
            "source",
            _TEXT,
            "call.source",
            "`engine`, or `switch`: the end was found in the switch's own log.",
        ),
        ViewColumn("hangup_cause", _WHOLE, "call.hangup_cause", "Q.850 cause of the caller's channel."),
        ViewColumn("queue", _TEXT, "call.queue", "The queue that the caller last waited in; null: none."),
        ViewColumn(
            "wait_s",
            _SECONDS,
            _seconds("call.wait_ms"),
            "Seconds: with a queue from entering it to the talk or to leaving it; else from the first ring "
            "of people to talk or giving up; null: nobody was rung.",
        ),
        ViewColumn(
            "operator",
            _TEXT,
            "call.operator",
            "Extension (or outside number) that first talked; null: nobody.",
        ),
        ViewColumn(
            "recording",
            _TEXT,
            "(SELECT recording.path FROM recording "
            "WHERE recording.call_id = call.call_id AND recording.state = 'done')",
            "Path of the finished file below the recordings folder, or its key in the bucket; it ends in "
            "`.age` where it is encrypted; null: none, not ready yet, or deleted.",
        ),
        ViewColumn("ticket", _TEXT, "call.ticket", "Ticket number; null: none."),
        ViewColumn("rating", _WHOLE, "call.rating", "Overall mark, 1 to 5; null: none."),
        ViewColumn(
            "cost_kopecks",
            _BIG,
            _charged("CAST(COALESCE(SUM(charge_line.kopecks), 0) AS BIGINT)"),
            "What it costs: the sum of the call's lines in `charge`.",
        ),
        ViewColumn(
            "package_id",
            _TEXT,
            _charged("MAX(charge_line.package_id)"),
            "The minute package that paid for it; null: none.",
        ),
        ViewColumn("node", _TEXT, "call.node", "The cell that carried it."),
        ViewColumn(
            "trunk",
            _TEXT,
            "call.trunk",
            "The trunk it came by; vats.inside: the platform itself; empty: a user's own device.",
        ),
        ViewColumn(
            "clock_jump_ms",
            _BIG,
            "call.clock_jump_ms",
            "How far the wall clock was set meanwhile; 0: not. Durations are then by the monotonic clock.",
        ),
        ViewColumn(
            "recording_deleted_at",
            _TIME,
            "(SELECT recording.deleted_at FROM recording WHERE recording.call_id = call.call_id)",
            "When its recording was deleted; null: it was not, or there never was one.",
        ),
        ViewColumn(
            "continues",
            _TEXT,
            "call.continues",
            "The call that was cut off, where we rang back to go on with it.",
        ),
    ),
    "call",
)

CDR_LEG = View(
    "cdr_leg",
    "One row a leg: every attempt to reach a person within a call.",
    (
        ViewColumn("call_id", _TEXT, "leg.call_id", "The call it belongs to."),
        ViewColumn("leg", _TEXT, "leg.leg", "The switch's unique id of the leg's channel."),
        ViewColumn("tenant", _TEXT, "call.tenant", "Whose call it is."),
        ViewColumn(
            "role", _TEXT, "leg.role", "`caller`, `operator`, `target`, `transferrer` or `transferee`."
        ),
        ViewColumn("endpoint", _TEXT, "leg.endpoint", "What the switch rang: `PJSIP/romashka-101-desk`."),
        ViewColumn("extension", _TEXT, "leg.extension", "The user; empty for an outside number."),
        ViewColumn("number", _TEXT, "leg.number", "The outside number; empty for a user's device."),
        ViewColumn("created_at", _TIME, "leg.created_at", "We asked the switch for it."),
        ViewColumn("ringing_at", _TIME, "leg.ringing_at", "It rang; null: never."),
        ViewColumn("answered_at", _TIME, "leg.answered_at", "It answered; null: never."),
        ViewColumn("ended_at", _TIME, "leg.ended_at", "It was gone."),
        ViewColumn(
            "ring_s", _SECONDS, _seconds("leg.ring_ms"), "From the first ring to answer or end, seconds."
        ),
        ViewColumn("talk_s", _SECONDS, _seconds("leg.talk_ms"), "Talk with the caller, seconds."),
        ViewColumn(
            "result",
            _TEXT,
            "leg.result",
            "`answered`, `no_answer`, `busy`, `unavailable`, `cancelled`, `answered_elsewhere` or `failed`.",
        ),
        ViewColumn("hangup_cause", _WHOLE, "leg.hangup_cause", "Q.850 cause; 0: unknown."),
    ),
    "leg JOIN call ON call.call_id = leg.call_id",
)

CDR_TALK = View(
    "cdr_talk",
    "One row a talk: two people heard each other, from the connection until one left or passed the call on. "
    "The talks of a call add up to its `talk_s`.",
    (
        ViewColumn("call_id", _TEXT, "talk.call_id", "The call it belongs to."),
        ViewColumn("talk", _WHOLE, "talk.talk", "1 for the first, then rising."),
        ViewColumn("tenant", _TEXT, "call.tenant", "Whose call it is."),
        ViewColumn(
            "kind",
            _TEXT,
            "talk.kind",
            "`talk`, or `consultation`: transferrer and target, the other one waits; no part of `talk_s`.",
        ),
        ViewColumn("one", _TEXT, "talk.one", "Extension or number of whoever the call was for then."),
        ViewColumn("other", _TEXT, "talk.other", "Extension or number of the other one."),
        ViewColumn("started_at", _TIME, "talk.started_at", "Both were connected."),
        ViewColumn("ended_at", _TIME, "talk.ended_at", "One of them left."),
        ViewColumn("talk_s", _SECONDS, _seconds("talk.talk_ms"), "Its length, seconds."),
    ),
    "talk JOIN call ON call.call_id = talk.call_id",
)

CHARGE = View(
    "charge",
    "Lines of money. A call's cost is the sum of its lines; a line is never changed, corrections are added.",
    (
        ViewColumn("call_id", _TEXT, "charge_line.call_id", "The call."),
        ViewColumn("line", _WHOLE, "charge_line.line", "1 for the first, then rising."),
        ViewColumn("tenant", _TEXT, "charge_line.tenant", "Who pays."),
        ViewColumn("charged_at", _TIME, "charge_line.charged_at", "The call's end."),
        ViewColumn("kind", _TEXT, "charge_line.kind", "`call`, or `correction` after a late event."),
        ViewColumn("billable_s", _WHOLE, "charge_line.billable_s", "Seconds; negative in a correction down."),
        ViewColumn("kopecks", _BIG, "charge_line.kopecks", "Money; negative in a correction down."),
        ViewColumn("package_id", _TEXT, "charge_line.package_id", "The package that paid; null: none."),
    ),
    "charge_line",
)

CDR_CALLBACK = View(
    "cdr_callback",
    "One row a try to ring somebody back: which call it was, and what it was ordered in.",
    (
        ViewColumn(
            "call_id", _TEXT, "callback_attempt.call_id", "The call that was placed; its row in `cdr`."
        ),
        ViewColumn("callback", _TEXT, "callback_attempt.callback", "The order."),
        ViewColumn("attempt", _WHOLE, "callback_attempt.attempt", "1 for the first try, then rising."),
        ViewColumn("tenant", _TEXT, "callback.tenant", "Whose order it is."),
        ViewColumn(
            "ordered_in", _TEXT, "callback.call_id", "The call that it was ordered in; null: not by a call."
        ),
        ViewColumn("source", _TEXT, "callback.source", "`call`, `automatic`, `api` or `booking`."),
        ViewColumn("number", _TEXT, "callback.number", "Who is rung back, E.164."),
        ViewColumn("queue", _TEXT, "callback.queue", "The queue that he waits in; null: none."),
        ViewColumn("ordered_at", _TIME, "callback.ordered_at", "When it was ordered."),
        ViewColumn(
            "result",
            _TEXT,
            "callback_attempt.result",
            "`talked`; `busy`, `no_answer`, `unavailable`, `failed`, `not_confirmed` (he did not press 1), "
            "`abandoned` (he left before somebody came); `no_operator`, `operator_left`, `interrupted` (his "
            "number was not rung); null: under way.",
        ),
        ViewColumn(
            "operator", _TEXT, "callback_attempt.operator", "The extension of who talked, or was rung."
        ),
        ViewColumn("state", _TEXT, "callback.state", "The order's: `waiting`, `ringing` or `closed`."),
        ViewColumn(
            "reason",
            _TEXT,
            "callback.reason",
            "Why it is closed: `talked`, `not_reached`, `no_operator`, `cancelled`, `called_again`, "
            "`too_old` or `not_permitted`; null: it is open.",
        ),
    ),
    "callback_attempt JOIN callback ON callback.callback = callback_attempt.callback",
)

CDR_QUEUE = View(
    "cdr_queue",
    "One row a wait: a caller was in a queue, until somebody talked with him or he left it.",
    (
        ViewColumn("call_id", _TEXT, "queue_visit.call_id", "The call it belongs to."),
        ViewColumn("visit", _WHOLE, "queue_visit.visit", "1 for the call's first wait, then rising."),
        ViewColumn("tenant", _TEXT, "queue_visit.tenant", "Whose queue it is."),
        ViewColumn("queue", _TEXT, "queue_visit.queue", "The queue."),
        ViewColumn("caller", _TEXT, "queue_visit.caller", "Who waited, as in `cdr`."),
        ViewColumn("entered_at", _TIME, "queue_visit.entered_at", "He began to wait."),
        ViewColumn("left_at", _TIME, "queue_visit.left_at", "He talked, or left."),
        ViewColumn("wait_s", _SECONDS, _seconds("queue_visit.wait_ms"), "Between the two, seconds."),
        ViewColumn(
            "outcome",
            _TEXT,
            "queue_visit.outcome",
            "`talked`; `abandoned` (he hung up); `timeout`, `unavailable`, `full`, `callback`, `key` (how he "
            "left it); `fallback` (the engine was away); `failed`.",
        ),
        ViewColumn("extension", _TEXT, "queue_visit.extension", "Who talked with him; empty: nobody."),
        ViewColumn("talk_s", _SECONDS, _seconds("queue_visit.talk_ms"), "For how long, seconds."),
    ),
    "queue_visit",
)

CDR_OFFER = View(
    "cdr_offer",
    "One row a time that somebody who serves a queue was rung for a caller of it.",
    (
        ViewColumn("call_id", _TEXT, "queue_offer.call_id", "The call."),
        ViewColumn("offer", _WHOLE, "queue_offer.offer", "1 for the call's first, then rising."),
        ViewColumn("visit", _WHOLE, "queue_offer.visit", "Which of the call's waits, as in `cdr_queue`."),
        ViewColumn("tenant", _TEXT, "queue_offer.tenant", "Whose queue it is."),
        ViewColumn("queue", _TEXT, "queue_offer.queue", "The queue."),
        ViewColumn("extension", _TEXT, "queue_offer.extension", "Who was rung, on all of his telephones."),
        ViewColumn("offered_at", _TIME, "queue_offer.offered_at", "When."),
        ViewColumn("ring_s", _SECONDS, _seconds("queue_offer.ring_ms"), "How long it rang, seconds."),
        ViewColumn("result", _TEXT, "queue_offer.result", "As in `cdr_leg`."),
    ),
    "queue_offer",
)

VIEWS = (CDR, CDR_LEG, CHARGE, CDR_TALK, CDR_CALLBACK, CDR_QUEUE, CDR_OFFER)
_metadata = MetaData()
cdr = CDR.table(_metadata)
cdr_leg = CDR_LEG.table(_metadata)
charge = CHARGE.table(_metadata)
cdr_talk = CDR_TALK.table(_metadata)
cdr_callback = CDR_CALLBACK.table(_metadata)
cdr_queue = CDR_QUEUE.table(_metadata)
cdr_offer = CDR_OFFER.table(_metadata)
