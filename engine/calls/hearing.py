"""What the caller hears from us: prompts and music. One thing at a time; a prompt ends the music."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.calls.errors import PromptFailed
from engine.calls.services import playback_id
from engine.calls.together import together
from engine.switch.ari.events import PlaybackFinished
from engine.switch.ari.resources import Playback
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call

LONGEST_PROMPT_S = 900.0


class Hearing:
    """Of one call's caller. `music` is whether it was started and nothing has ended it.

    `music_left` is whether it may play all the same: a prompt that is cut before it begins does not end it,
    nor does an engine that dies. Who talks is not heard through it.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self.music = False
        self.music_left = False
        self._playing: str | None = None  # the playback's id
        self._failed = False
        self._plays = 0

    def finished(self, event: PlaybackFinished) -> None:
        """The switch tells of a playback's end; only the last one's matters."""
        if event.playback.id == self._playing:
            self._playing = None
            self._failed = event.playback.state == "failed"
            if not self._failed:
                self._call.party.told_until = self._call.seconds()

    def begin_anew(self) -> None:
        """The party is another one, who hears nothing of us yet."""
        self.music, self.music_left, self._playing = False, False, None

    async def play(
        self,
        media: Sequence[str],
        *,
        barge_in: bool,
        stop: Callable[[], bool] | None,
        answer: bool = True,
    ) -> str | None:
        """Play media URIs, answering first unless it is told otherwise; see `Call.play`."""
        call = self._call
        if not media or (barge_in and call.keys):
            await call.answer()
            return call.keys.read() if barge_in and call.keys else None
        self._plays += 1
        playback = Playback(call.services.connection, playback_id(call.id, self._plays))
        # Interest is registered before the request, so the end cannot come first.
        self._playing, self._failed = playback.id, False
        try:
            # The prompt is asked for together with the answer, and heard as soon as that is there.
            playing = call.of_party(call.party.channel.play(playback.id, media, call.language))
            answered = call.party.answered_at is not None or not answer
            await (playing if answered else together(call.answer(), playing))
            self.music = False  # a prompt ends it
            await call.until(
                lambda: self._playing is None or (barge_in and call.keys) or (stop is not None and stop()),
                LONGEST_PROMPT_S,
            )
            if self._playing is not None:
                self.music_left = True
                call.meanwhile(self._stop(playback))
        finally:
            self._playing = None
        if barge_in and call.keys:
            return call.keys.read()
        if self._failed:
            raise PromptFailed(f"the switch could not play {', '.join(media)}")
        return None

    async def _stop(self, playback: Playback) -> None:
        try:
            await playback.stop()
        except SwitchError as error:
            self._call.log.debug("playback.not_stopped", cause=str(error))

    async def start_music(self, queue: str = "") -> None:
        """Music once he is answered, the ringing tone before. Where the switch has no such music, the next
        best, at last the ringing tone: never silence.
        """
        call, channel = self._call, self._call.party.channel
        if call.party.answered_at is None:
            await call.of_party(channel.ring())
        elif not self.music:
            self.music = True
            found = call.services.music.class_for(call.tenant.name, queue)
            await call.of_party(channel.ring() if found is None else channel.start_music(found))

    async def stop_music(self) -> None:
        if self.music or self.music_left:
            self.music = self.music_left = False
            await self._call.of_party(self._call.party.channel.stop_music())
