"""What proves to a customer's server that a request is the platform's, and new."""

import hmac

TIMESTAMP_HEADER = "X-Vats-Timestamp"
SIGNATURE_HEADER = "X-Vats-Signature"
# A request that is sent again, by a retry or a restarted engine, has the same key.
KEY_HEADER = "Idempotency-Key"


def signature(secret: str, timestamp: str, content: bytes) -> str:
    """`v1=` and HMAC-SHA256 in hexadecimal. `content` is the body; of GET, which has none, path and query."""
    return "v1=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + content, "sha256").hex()


def secret_name(tenant: str) -> str:
    """The file below `VATS_HOME/secrets` that holds the tenant's key."""
    return f"web-service-{tenant}"
