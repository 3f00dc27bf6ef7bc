"""SIP accounts as the engine makes them: pushed by ARI into the running Asterisk."""

import httpx

from engine.secrets import existing_secret
from engine.settings import Settings
from engine.switch.trunks import endpoint_fields


def push(settings: Settings, kind: str, name: str, fields: dict[str, str]) -> None:
    """Make or change one object (`auth`, `aor` or `endpoint`)."""
    answer = _request(settings, "PUT", kind, name, fields)
    assert answer.status_code == 200, answer.text


def fetch(settings: Settings, kind: str, name: str) -> dict[str, str] | None:
    answer = _request(settings, "GET", kind, name, None)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return {field["attribute"]: field["value"] for field in answer.json()}


def make_account(settings: Settings, name: str, password: str = "", contact: str = "") -> None:
    """One device: it registers with the password, or is always at the contact."""
    if password:
        fields = {"auth_type": "userpass", "username": name, "password": password}
        push(settings, "auth", name, fields)
    push(settings, "aor", name, {"contact": contact} if contact else {"max_contacts": "1"})
    endpoint = {"context": "from-user", "allow": "!all,alaw,ulaw", "aors": name}
    push(
        settings,
        "endpoint",
        name,
        {**endpoint_fields(settings), **endpoint, **({"auth": name} if password else {})},
    )


def _request(
    settings: Settings, method: str, kind: str, name: str, fields: dict[str, str] | None
) -> httpx.Response:
    body = None
    if fields is not None:
        body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
    return httpx.request(
        method,
        f"http://127.0.0.1:{settings.ports.ari}/ari/asterisk/config/dynamic/res_pjsip/{kind}/{name}",
        auth=("vats", existing_secret(settings, "ari")),
        json=body,
        trust_env=False,
    )
