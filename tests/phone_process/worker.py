"""The process that holds one SIP phone (pjsua2); `Phone` starts it and speaks JSON lines with it.

A line in is a request `{"id": 1, "do": "call", …}`; a line out is its answer `{"id": 1, "ok": true, …}` or
`{"id": 1, "ok": false, "error": "…"}`, or an event `{"event": "state", "call": 1, …, "at_ms": …}`.
The library runs no thread of its own for signalling: everything happens in the loop of `main`.
"""

import contextlib
import json
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

Request = dict[str, Any]
STATES = {
    pj.PJSIP_INV_STATE_CALLING: "calling",
    pj.PJSIP_INV_STATE_INCOMING: "incoming",
    pj.PJSIP_INV_STATE_EARLY: "ringing",
    pj.PJSIP_INV_STATE_CONFIRMED: "answered",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}


class Output:
    """The line to the test. It keeps the real stdout; the library's own prints go to stderr."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def send(self, message: Request) -> None:
        self._file.write(json.dumps(message, ensure_ascii=False) + "\n")

    def event(self, name: str, **details: Any) -> None:
        self.send({"event": name, "at_ms": time.time_ns() // 1_000_000, **details})


class Account(pj.Account):  # type: ignore[misc]
    def __init__(self, worker: "Worker") -> None:
        super().__init__()
        self.worker = worker

    def onRegState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        self.worker.out.event("registration", active=info.regIsActive, code=prm.code, reason=prm.reason)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        call = Call(self.worker, self, prm.callId)
        message = prm.rdata.wholeMsg
        info = call.getInfo()
        self.worker.out.event(
            "incoming", call=call.number, remote=info.remoteUri, local=info.localUri, message=message
        )


class Call(pj.Call):  # type: ignore[misc]
    """One dialog. What plays into it and what records it is remembered until its sound begins."""

    def __init__(self, worker: "Worker", account: Account, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.worker = worker
        self.number = worker.next_number()
        self.player: Any = None
        self.recorder: Any = None
        self.recording = ""
        self.sound: Any = None
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
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO or media.status != pj.PJSUA_CALL_MEDIA_ACTIVE:
                continue
            self.sound = self.getAudioMedia(index)
            self.connect_sound()
            self.worker.out.event("sound", call=self.number)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self.worker.out.event("digit", call=self.number, digit=prm.digit)

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

    def drop_recorder(self) -> None:
        """Deleting the recorder completes its file; it must be gone before the call is."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None and self.sound is not None:
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


class Worker:
    def __init__(self, arguments: Request, out: Output) -> None:
        self.out = out
        self.arguments = arguments
        self.calls: dict[int, Call] = {}
        self.ended: list[int] = []
        self._number = 0
        self._stopping = False
        self.endpoint = pj.Endpoint()
        self._start_library()
        self.account = Account(self)
        self._configuration = self._account_configuration()
        self.account.create(self._configuration)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def _start_library(self) -> None:
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = 16
        config.uaConfig.userAgent = "test phone"
        config.logConfig.consoleLevel = 0
        config.logConfig.level = 4
        config.logConfig.filename = self.arguments["log"]
        config.medConfig.clockRate = 8000
        config.medConfig.sndClockRate = 8000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        # Else the clock stops a second after the last file was connected, and keys pressed then are not sent.
        config.medConfig.sndAutoCloseTime = -1
        self.endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = self.arguments["address"]
        transport.port = self.arguments["port"]
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        for codec in self.endpoint.codecEnum2():
            self.endpoint.codecSetPriority(codec.codecId, self._codec_priority(codec.codecId))

    def _codec_priority(self, codec: str) -> int:
        return {"PCMA/8000/1": 255, "PCMU/8000/1": 254}.get(codec, 0)

    def _account_configuration(self) -> Any:
        configuration = pj.AccountConfig()
        configuration.idUri = self._uri(self.arguments["username"])
        configuration.regConfig.timeoutSec = 300
        configuration.regConfig.registerOnAdd = False
        configuration.regConfig.retryIntervalSec = 0
        configuration.mediaConfig.transportConfig.boundAddress = self.arguments["address"]
        # Many phones share the machine: sound ports at random, another one is tried when one is taken.
        configuration.mediaConfig.transportConfig.port = 20000
        configuration.mediaConfig.transportConfig.portRange = 12000
        configuration.mediaConfig.transportConfig.randomizePort = True
        configuration.natConfig.contactRewriteUse = 0
        configuration.natConfig.sipOutboundUse = 0
        configuration.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        if self.arguments["password"]:
            credentials = pj.AuthCredInfo(
                "digest", "*", self.arguments["username"], 0, self.arguments["password"]
            )
            configuration.sipConfig.authCreds.append(credentials)
        return configuration

    def _uri(self, user: str) -> str:
        return f"sip:{user}@{self.arguments['server']}"

    # Requests, each named as in its `do`.

    def do_register(self, request: Request) -> Request:
        if self._configuration.regConfig.registrarUri:
            self.account.setRegistration(True)
        else:
            # Naming the registrar sends the first REGISTER by itself.
            self._configuration.regConfig.registrarUri = f"sip:{self.arguments['server']}"
            self.account.modify(self._configuration)
        return {}

    def do_unregister(self, request: Request) -> Request:
        self.account.setRegistration(False)
        return {}

    def do_call(self, request: Request) -> Request:
        if request.get("caller") is not None:
            shown = (
                json.dumps(request["caller_name"], ensure_ascii=False) + " " if request["caller_name"] else ""
            )
            self._configuration.idUri = f"{shown}<{self._uri(request['caller'])}>"
            self.account.modify(self._configuration)
        parameters = pj.CallOpParam(True)
        for name, value in request.get("headers", {}).items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            parameters.txOption.headers.append(header)
        call = Call(self, self.account)
        call.makeCall(self._uri(request["number"]), parameters)
        return {"call": call.number}

    def do_answer(self, request: Request) -> Request:
        parameters = pj.CallOpParam(True)
        parameters.statusCode = request["code"]
        self._call(request).answer(parameters)
        return {}

    def do_hangup(self, request: Request) -> Request:
        call = self._call(request)
        call.drop_sound()
        parameters = pj.CallOpParam(True)
        parameters.statusCode = request.get("code", 0)
        call.hangup(parameters)
        return {}

    def do_digits(self, request: Request) -> Request:
        parameters = pj.CallSendDtmfParam()
        parameters.method = pj.PJSUA_DTMF_METHOD_RFC2833
        parameters.digits = request["digits"]
        parameters.duration = request["duration_ms"]
        self._call(request).sendDtmf(parameters)
        return {}

    def do_play(self, request: Request) -> Request:
        call = self._call(request)
        player = pj.AudioMediaPlayer()
        player.createPlayer(request["file"], 0 if request["loop"] else pj.PJMEDIA_FILE_NO_LOOP)
        call.drop_player()
        call.player = player
        call.connect_sound()
        return {}

    def do_stop_play(self, request: Request) -> Request:
        self._call(request).drop_player()
        return {}

    def do_record(self, request: Request) -> Request:
        call = self._call(request)
        call.drop_recorder()
        call.recorder = pj.AudioMediaRecorder()
        call.recorder.createRecorder(request["file"])
        call.recording = request["file"]
        call.connect_sound()
        return {}

    def do_stop_record(self, request: Request) -> Request:
        self._call(request).drop_recorder()
        return {}

    def do_hold(self, request: Request) -> Request:
        self._call(request).setHold(pj.CallOpParam(True))
        return {}

    def do_unhold(self, request: Request) -> Request:
        parameters = pj.CallOpParam(True)
        parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
        self._call(request).reinvite(parameters)
        return {}

    def do_transfer(self, request: Request) -> Request:
        self._call(request).xfer(self._uri(request["number"]), pj.CallOpParam(True))
        return {}

    def do_stop(self, request: Request) -> Request:
        self._stopping = True
        return {}

    def _call(self, request: Request) -> Call:
        call = self.calls.get(request["call"])
        if call is None:
            raise LookupError(f"call {request['call']} has ended")
        return call

    def handle(self, line: str) -> None:
        request = json.loads(line)
        action: Callable[[Request], Request] | None = getattr(self, f"do_{request['do']}", None)
        try:
            if action is None:
                raise LookupError(f"the phone cannot do {request['do']!r}")
            self.out.send({"id": request["id"], "ok": True, **action(request)})
        except (pj.Error, LookupError) as error:
            text = error.info() if isinstance(error, pj.Error) else str(error)
            self.out.send({"id": request["id"], "ok": False, "error": text})

    def forget_ended(self) -> None:
        for number in self.ended:
            self.calls.pop(number, None)
        self.ended.clear()

    def run(self) -> None:
        """Until told to stop, or until the test is gone (end of file)."""
        pending = b""
        while not self._stopping:
            self.endpoint.libHandleEvents(5)
            self.forget_ended()
            if not select.select([0], [], [], 0)[0]:
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                break
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self.handle(line.decode())

    def close(self) -> None:
        """Hang up, log out, and let go of every call before the library goes, else it crashes."""
        for call in list(self.calls.values()):
            call.drop_sound()
        self.endpoint.hangupAllCalls()
        if self.account.getInfo().regIsActive:
            self.account.setRegistration(False)
        deadline = time.monotonic() + 1
        while (self.calls or self.account.getInfo().regIsActive) and time.monotonic() < deadline:
            self.endpoint.libHandleEvents(10)
            self.forget_ended()
        self.calls.clear()
        self.account.shutdown()
        self.endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)


def main() -> None:
    out = Output()
    worker = Worker(json.loads(sys.argv[1]), out)
    out.event("started")
    try:
        worker.run()
    finally:
        worker.close()
    out.event("stopped")


if __name__ == "__main__":
    main()
