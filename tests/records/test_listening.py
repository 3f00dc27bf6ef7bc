"""Who listened when and how long (F48), from the journal: stretches, whatever cut them off."""

from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.journal.events import CallEnded, CallRecovered, CallStarted, Entry, Event
from engine.journal.transfer_events import ListeningEnded, ListeningStarted
from engine.records.listening import stretches

STARTED = CallStarted("internal", "romashka", "", "103", "PJSIP/romashka-103-desk-1", callee="*90101")


def entries(*events: tuple[int, Event]) -> list[Entry]:
    return [Entry("c1", number, at, at, "b", event) for number, (at, event) in enumerate(events, 1)]


def listen(mode: str) -> ListeningStarted:
    return ListeningStarted("101", mode, "c0")  # type: ignore[arg-type]


def test_f48_a_row_for_each_mode_and_none_before_the_call_has_ended() -> None:
    story: list[tuple[int, Event]] = [
        (1000, STARTED),
        (2000, listen("listen")),
        (5000, ListeningEnded()),
        (5010, listen("whisper")),
        (9010, ListeningEnded()),
    ]
    assert stretches(entries(*story)) == []
    rows = stretches(entries(*story, (9500, CallEnded("engine"))))
    assert [(row["stretch"], row["mode"], row["duration_ms"]) for row in rows] == [
        (1, "listen", 3000),
        (2, "whisper", 4000),
    ]
    assert {(row["listener"], row["extension"], row["listened_call_id"]) for row in rows} == {
        ("103", "101", "c0")
    }


def test_f48_an_end_that_nobody_wrote_is_the_next_thing_that_was_written() -> None:
    killed: list[tuple[int, Event]] = [
        (1, STARTED),
        (10, listen("join")),
        (700, CallRecovered("alone")),
        (710, listen("join")),
    ]
    rows = stretches(entries(*killed, (1000, CallEnded("caller"))))
    assert [(row["started_at"], row["ended_at"]) for row in rows] == [(10, 700), (710, 1000)]


def test_f48_who_may_listen_to_whom() -> None:
    users = {
        "101": {"name": "A"},
        "102": {"name": "B"},
        "103": {"name": "C", "may_listen": True},
        "104": {"name": "D", "may_listen": ["sales"]},
        "105": {"name": "E", "may_listen": ["102"]},
    }
    content = {"tenant": "t", "title": "t", "users": users, "groups": {"sales": {"members": ["101", "103"]}}}
    tenant = tenant_of(TenantModel.model_validate(content))
    pairs = [(listener, other) for listener in users for other in [*users, "999"]]
    allowed = {pair for pair in pairs if tenant.may_listen(*pair)}
    everybody = {("103", other) for other in users if other != "103"}
    assert allowed == everybody | {("104", "101"), ("104", "103"), ("105", "102")}
    assert not tenant.may_listen("", "101")
