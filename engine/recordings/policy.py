"""Whether a call is recorded."""

from engine.directory.directory import Tenant


def is_recorded(tenant: Tenant) -> bool:
    """Every talk of a tenant is recorded unless its file says `recording: {enabled: false}`."""
    return tenant.recording.enabled
