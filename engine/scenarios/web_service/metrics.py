"""What is counted of web services, for Prometheus."""

from typing import Literal

from prometheus_client import Counter, Histogram

Outcome = Literal[
    "answered", "timeout", "busy", "refused", "unreachable", "status", "bad_answer", "cancelled"
]

requests = Counter(
    "vats_web_service_requests_total",
    "Requests of calls to customers' web services; retries are not counted",
    ["tenant", "outcome"],
)
seconds = Histogram(
    "vats_web_service_seconds",
    "How long such a request took in all",
    ["tenant"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
)
