"""A trunk of the settings as Asterisk's PJSIP sees it."""

from dataclasses import dataclass

from engine.secrets import existing_secret
from engine.settings import Settings, SettingsError, Trunk

# The way to the platform's own city numbers, a trunk to Asterisk itself; no trunk's name has a dot. How often
# a call has gone that way, itself and those that led to it, is in this header, and in the application's
# arguments behind the trunk's name: `vats.inside/2`.
INSIDE = "vats.inside"
HOPS_HEADER = "X-Vats-Hops"


@dataclass(frozen=True)
class TrunkView:
    """What the template `pjsip.conf.j2` needs of a trunk."""

    name: str
    endpoints: list[str]  # more than one where the other side logs in by a name that is not the trunk's
    aor: str
    codecs: str
    host: str
    username: str
    password: str
    challenge: bool  # the other side must log in
    matches: list[str]
    register_with: str


def endpoint_fields(settings: Settings) -> dict[str, str]:
    """PJSIP options that every endpoint has, a trunk's and a user's device's alike."""
    fields = {
        "direct_media": "no",
        "allow_overlap": "no",
        "rtp_symmetric": "yes",
        "force_rport": "yes",
        "rewrite_contact": "yes",
        "rtp_timeout": str(settings.asterisk.rtp_timeout),
        "rtp_timeout_hold": "300",
    }
    if settings.listen not in ("0.0.0.0", "::"):
        # Else sound is received on all addresses of the machine.
        fields |= {"media_address": settings.listen, "bind_rtp_to_media_address": "yes"}
    return fields


def trunk_view(settings: Settings, name: str) -> TrunkView:
    """Raises `SettingsError` when the trunk's password file is missing or empty.

    Who has to log in: a side that is known by nothing but its credentials, and one that calls from a known
    address but is not called by us. Where we call out or register, the credentials are ours to present.
    """
    trunk = settings.trunks[name]
    password = ""
    if trunk.username:
        password = existing_secret(settings, trunk.password_file)
        if not password or any(character in password for character in "\r\n;"):
            raise SettingsError(
                f"{settings.secrets_folder / trunk.password_file}: trunk {name}: expected one line with the "
                "password, without a semicolon"
            )
    matches = list(trunk.addresses)
    if trunk.register_with and not matches:
        matches = [trunk.register_with]
    challenge, logs_in_as = _must_log_in(trunk), _logs_in_as(trunk, name)
    return TrunkView(
        name=name,
        endpoints=_endpoints(trunk, name),
        aor=logs_in_as if challenge and not trunk.host else name,
        codecs=",".join(trunk.codecs),
        host=trunk.host,
        username=trunk.username,
        password=password,
        challenge=challenge,
        matches=matches,
        register_with=trunk.register_with,
    )


def trunk_of_endpoint(settings: Settings, endpoint: str) -> str:
    """The trunk that an endpoint's calls come by; the endpoint's own name where the settings know no such."""
    for name, trunk in settings.trunks.items():
        if endpoint in _endpoints(trunk, name):
            return name
    return endpoint


def _must_log_in(trunk: Trunk) -> bool:
    return bool(trunk.username) and not trunk.register_with and not (trunk.addresses and trunk.host)


def _logs_in_as(trunk: Trunk, name: str) -> str:
    return trunk.username if _must_log_in(trunk) else name


def _endpoints(trunk: Trunk, name: str) -> list[str]:
    """The switch looks for an endpoint by the name that the other side logs in with."""
    logs_in_as = _logs_in_as(trunk, name)
    return [name] if logs_in_as == name else [name, logs_in_as]
