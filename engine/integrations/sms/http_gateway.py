"""A gateway that takes text messages by POST; which fields it wants say the settings (`sms`).

What its answers mean: 2xx, it has the message; 408, 425, 429 and 5xx, not now (`Retry-After` is respected);
all others, never. A gateway that answers 200 to what it refuses is recognised by `error_field` in its JSON.
"""

import json

import httpx

from engine.integrations.sms import GatewayAway, Refused
from engine.secrets import existing_secret
from engine.settings import Settings, SettingsError

_LATER = frozenset({408, 425, 429})
_LONGEST_PAUSE_S = 3600.0
_MOST_SHOWN = 200


class HttpGateway:
    """To be closed with `close`. Its key is read anew for each message."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=settings.sms.timeout, follow_redirects=False)

    async def send(self, message_id: str, to: str, text: str) -> None:
        """Returns when the gateway has taken it. Raises `GatewayAway` and `Refused`."""
        sms = self._settings.sms
        content = {
            sms.fields.to: to if sms.plus else to.removeprefix("+"),
            sms.fields.text: text,
            **sms.extra,
        }
        if sms.sender:
            content[sms.fields.sender] = sms.sender
        if sms.fields.id:
            content[sms.fields.id] = message_id
        headers = {"Idempotency-Key": message_id}
        try:
            key = existing_secret(self._settings, sms.key_file) if sms.key_file else ""
        except SettingsError as error:
            raise GatewayAway(str(error)) from error
        if key and sms.fields.key:
            content[sms.fields.key] = key
        elif key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            if sms.format == "json":
                answer = await self._client.post(sms.url, json=content, headers=headers)
            else:
                answer = await self._client.post(sms.url, data=content, headers=headers)
        except httpx.HTTPError as error:
            raise GatewayAway(f"{_host(sms.url)}: {str(error) or type(error).__name__}") from error
        self._judge(answer)

    async def close(self) -> None:
        await self._client.aclose()

    def _judge(self, answer: httpx.Response) -> None:
        said = f"{answer.status_code} {' '.join(answer.text[:_MOST_SHOWN].split())}".strip()
        if answer.status_code in _LATER or answer.status_code >= 500:
            raise GatewayAway(said, _pause(answer.headers.get("Retry-After", "")))
        if not answer.is_success:
            raise Refused(said)
        field = self._settings.sms.error_field
        if field:
            try:
                told = json.loads(answer.text)
            except ValueError:
                raise GatewayAway(f"the gateway's answer is no JSON: {said}") from None
            if isinstance(told, dict) and told.get(field):
                raise Refused(f"{field}: {str(told[field])[:_MOST_SHOWN]}")


def _pause(written: str) -> float | None:
    return min(float(written), _LONGEST_PAUSE_S) if written.isascii() and written.isdigit() else None


def _host(url: str) -> str:
    return httpx.URL(url).host
