"""Brings each event to the owner of its channel. Owners register before they ask for the channel."""

from collections.abc import Callable

from engine.switch.ari.events import (
    ApplicationReplaced,
    CallEvent,
    ChannelEvent,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    SwitchEvent,
)

Listener = Callable[[CallEvent], None]


class Router:
    """`listen` and `forget` by channel id; what belongs to nobody goes to `on_stranger`."""

    def __init__(
        self, on_stranger: Callable[[ChannelEvent], None], on_replaced: Callable[[], None] = lambda: None
    ) -> None:
        self._listeners: dict[str, Listener] = {}
        self._on_stranger = on_stranger
        self._on_replaced = on_replaced

    def listen(self, channel_id: str, listener: Listener) -> None:
        self._listeners[channel_id] = listener

    def forget(self, channel_id: str, listener: Listener | None = None) -> None:
        """`listener`: only if it is still this one's."""
        if listener is None or self._listeners.get(channel_id) == listener:
            self._listeners.pop(channel_id, None)

    def forget_all(self) -> None:
        self._listeners.clear()

    def route(self, event: SwitchEvent) -> None:
        if isinstance(event, ApplicationReplaced):
            self._on_replaced()
        elif isinstance(event, PlaybackFinished):
            self._owner_of(event.playback.target_uri, event)
        elif isinstance(event, RecordingStarted | RecordingFinished | RecordingFailed):
            self._owner_of(event.recording.target_uri, event)
        else:
            listener = self._listeners.get(event.channel.id)
            if listener is not None:
                listener(event)
            else:
                self._on_stranger(event)

    def _owner_of(self, target_uri: str, event: CallEvent) -> None:
        listener = self._listeners.get(target_uri.removeprefix("channel:"))
        if listener is not None:
            listener(event)
