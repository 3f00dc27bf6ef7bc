"""What is seen from outside the engine, for Prometheus. Names and help texts are a contract."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from engine.web.probes import Health


def own_metrics(health: Health) -> str:
    """In Prometheus' text format, to follow the engine's own."""
    registry = CollectorRegistry()

    def gauge(name: str, documentation: str, value: float) -> None:
        Gauge(name, documentation, registry=registry).set(value)

    well = Gauge("vats_probe_well", "1 when this part answers as it should", ["part"], registry=registry)
    took = Gauge("vats_probe_seconds", "How long the part took to answer", ["part"], registry=registry)
    for probe in health.probes:
        well.labels(probe.name).set(probe.well)
        took.labels(probe.name).set(probe.took_s)
    gauge("vats_healthy", "1 when calls are served", not health.ill)
    gauge("vats_engine_up", "1 when the engine answers a round trip through Asterisk", health.engine.well)
    age = health.engine.details.get("age_s")
    if isinstance(age, float):
        gauge("vats_engine_ping_age_seconds", "Since the engine last answered", age)
    gauge("vats_database_up", "1 when the database answers", health.database.well)
    mails = health.database.details
    if isinstance(mails.get("mails_waiting"), int):
        gauge("vats_mails_waiting", "Voice messages not yet sent by e-mail", mails["mails_waiting"])
        gauge("vats_mails_failed", "Mails refused or given up within 24 hours", mails["mails_failed"])
        gauge("vats_notices_waiting", "Events not yet taken by their receivers", mails["notices_waiting"])
        gauge("vats_notices_failed", "Events refused or given up within 24 hours", mails["notices_failed"])
        gauge("vats_tasks_open", "Tasks that are not done", mails["tasks_open"])
        gauge("vats_tasks_late", "Of these, those whose next deadline has passed", mails["tasks_late"])
    journal = health.journal.details
    if isinstance(journal.get("unread_bytes"), int):
        gauge("vats_journal_unread_bytes", "Of the spool, not yet in the database", journal["unread_bytes"])
        gauge("vats_journal_lag_seconds", "Age of the oldest entry not yet stored", journal["lag_s"])
    return generate_latest(registry).decode()
