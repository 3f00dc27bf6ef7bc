"""Events: forms that whoever answered a call has filled in, each a stream of its own."""

from engine.journal.base import StreamBegan, StreamEnded


class FormFilled(StreamBegan, frozen=True, tag="form.filled"):
    """What was written down of a call; another one of the same call takes its place, and both are kept."""

    tenant: str
    call: str
    by: str  # an extension of the tenant, or a secretary: pult/201; or whoever runs `vats`
    values: str  # a JSON object of texts and numbers by the form's fields
    title: str = ""  # the tenant's, for the letter
    language: str = ""
    caller: str = ""
    caller_name: str = ""
    number: str = ""  # that was called
    labels: str = ""  # a JSON object: what the fields were called then
    mail: str = ""  # addresses that it is sent to, separated by spaces


class FormClosed(StreamEnded, frozen=True, tag="form.closed"):
    """It is kept: nothing more comes of it."""


FormEvent = FormFilled | FormClosed
