"""What the call core counts, for Prometheus."""

from prometheus_client import Counter, Gauge

calls_started = Counter(
    "vats_calls_started_total", "Calls that the switch handed to the engine", ["direction"]
)
calls_recovered = Counter("vats_calls_recovered_total", "Calls adopted after a restart or lost connection")
calls_closed_late = Counter("vats_calls_closed_late_total", "Calls closed from the switch's event log")
calls_failed = Counter("vats_calls_failed_total", "Calls whose handling met an unexpected error")
calls_active = Gauge("vats_calls_active", "Calls being run now")
calls_talking = Gauge("vats_calls_talking", "Calls in which people talk now")
switch_connected = Gauge("vats_switch_connected", "1 while the WebSocket to Asterisk is open")
