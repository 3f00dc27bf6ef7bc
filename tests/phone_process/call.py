"""One dialog of the phone: its states, its sound, and what it hears of a transfer that it asked for."""

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Any

import pjsua2 as pj

if TYPE_CHECKING:
    from tests.phone_process.worker import Account, Worker

STATES = {
    pj.PJSIP_INV_STATE_CALLING: "calling",
    pj.PJSIP_INV_STATE_INCOMING: "incoming",
    pj.PJSIP_INV_STATE_EARLY: "ringing",
    pj.PJSIP_INV_STATE_CONFIRMED: "answered",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}
_IDENTITY = re.compile(
    r"^(?:P-Asserted-Identity|Remote-Party-ID)\s*:\s*(.*?)\r?$", re.MULTILINE | re.IGNORECASE
)


class Call(pj.Call):  # type: ignore[misc]
    """What plays into it and what records it is remembered until its sound begins, and over a hold."""

    def __init__(self, worker: "Worker", account: "Account", call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.worker = worker
        self.number = worker.next_number()
        self.player: Any = None
        self.recorder: Any = None
        self.recording = ""
        self.sound: Any = None
        self.identity = ""
        self.hang_up_on = "success"
        worker.calls[self.number] = self

    def onCallState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        state = STATES.get(info.state)
        if state == "ended":
            self.drop_sound()
        if state is None or state == "incoming":
            return
        self.worker.out.event(
            "state", call=self.number, state=state, code=info.lastStatusCode, reason=info.lastReason
        )
        if state == "ended":
            self.worker.ended.append(self.number)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        # Each agreement has new ports; the old ones may be another call's by now.
        self.sound = None
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO or media.status != pj.PJSUA_CALL_MEDIA_ACTIVE:
                continue
            self.sound = self.getAudioMedia(index)
            self.connect_sound()
        self.worker.out.event("sound" if self.sound is not None else "no_sound", call=self.number)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self.worker.out.event("digit", call=self.number, digit=prm.digit)

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802
        """Who the other side says it is now, and the answer to our REFER."""
        event = prm.e.body.tsxState
        if event.type == pj.PJSIP_EVENT_RX_MSG:
            self._look_at_identity(event.src.rdata.wholeMsg)
        transaction = event.tsx
        if (
            transaction.method == "REFER"
            and transaction.role == pj.PJSIP_ROLE_UAC
            and transaction.state == pj.PJSIP_TSX_STATE_COMPLETED
        ):
            self._transfer(transaction.statusCode, transaction.statusText, transaction.statusCode >= 300)

    def _look_at_identity(self, message: str) -> None:
        found = _IDENTITY.search(message)
        if found and found[1] != self.identity:
            self.identity = found[1]
            self.worker.out.event("identity", call=self.number, identity=found[1])

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802
        """A NOTIFY of RFC 3515 with the status of the call that the other side makes for us."""
        self._transfer(prm.statusCode, prm.reason, bool(prm.finalNotify))
        prm.cont = True

    def _transfer(self, code: int, reason: str, final: bool) -> None:
        self.worker.out.event("transfer", call=self.number, code=code, reason=reason, final=final)
        accepted = self.hang_up_on == "accepted" and code == 202
        succeeded = self.hang_up_on == "success" and code // 100 == 2 and code != 202
        if accepted or succeeded:
            # Not within the library's callback.
            self.worker.to_hang_up.append(self.number)

    def connect_sound(self) -> None:
        if self.sound is None:
            return
        if self.player is not None:
            self.player.startTransmit(self.sound)
        if self.recorder is not None:
            self.sound.startTransmit(self.recorder)

    def drop_player(self) -> None:
        player, self.player = self.player, None
        if player is not None and self.sound is not None:
            with contextlib.suppress(pj.Error):  # the sound's thread may have removed the call's port already
                player.stopTransmit(self.sound)
        if player is not None:
            self.worker.put_away(player)

    def drop_recorder(self) -> None:
        """Deleting the recorder completes its file; it must be gone before the call is."""
        recorder, self.recorder = self.recorder, None
        if recorder is None:
            return
        if self.sound is not None:
            with contextlib.suppress(pj.Error):
                self.sound.stopTransmit(recorder)
        del recorder
        _wait_complete(self.recording)

    def drop_sound(self) -> None:
        self.drop_player()
        self.drop_recorder()
        self.sound = None


def _wait_complete(path: str, limit_s: float = 1.0) -> None:
    """The library closes the file at its next tick of sound; its header is written last."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with open(path, "rb") as file:
            header = file.read(8)
        if header[:4] == b"RIFF" and int.from_bytes(header[4:8], "little") + 8 == os.path.getsize(path):
            return
        time.sleep(0.005)
