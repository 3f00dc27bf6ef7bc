"""The process that holds one SIP phone (pjsua2); `Phone` starts it and speaks JSON lines with it.

A line in is a request `{"id": 1, "do": "call", …}`; a line out is its answer `{"id": 1, "ok": true, …}` or
`{"id": 1, "ok": false, "error": "…"}`, or an event `{"event": "state", "call": 1, …, "at_ms": …}`.
The library runs no thread of its own for signalling: everything happens in the loop of `main`.
"""

import json
import os
import select
import sys
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from tests.phone_process.call import Call
from tests.phone_process.output import Message, Output

# How long a player is kept that plays no more, in seconds.
PUT_AWAY_S = 0.2


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

    def onMwiInfo(self, prm: Any) -> None:  # noqa: N802
        """The body of a NOTIFY for message-summary (RFC 3842), asked for or not."""
        self.worker.out.event("messages", message=prm.rdata.wholeMsg)


class Worker:
    def __init__(self, arguments: Message, out: Output) -> None:
        self.out = out
        self.arguments = arguments
        self.calls: dict[int, Call] = {}
        self.ended: list[int] = []
        self.to_hang_up: list[int] = []
        self._put_away: list[tuple[float, Any]] = []
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
        configuration.mwiConfig.enabled = bool(self.arguments["asks_for_messages"])
        configuration.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        if self.arguments["password"]:
            credentials = pj.AuthCredInfo(
                "digest", "*", self.arguments["username"], 0, self.arguments["password"]
            )
            configuration.sipConfig.authCreds.append(credentials)
        return configuration

    def _uri(self, user: str) -> str:
        # RFC 3261: a # in the user part is written as %23.
        user = urllib.parse.quote(user, safe="+*-_.!~'()&=$,;?/")
        return f"sip:{user}@{self.arguments['server']}"

    # Messages, each named as in its `do`.

    def do_register(self, request: Message) -> Message:
        if self._configuration.regConfig.registrarUri:
            self.account.setRegistration(True)
        else:
            # Naming the registrar sends the first REGISTER by itself.
            self._configuration.regConfig.registrarUri = f"sip:{self.arguments['server']}"
            self.account.modify(self._configuration)
        return {}

    def do_unregister(self, request: Message) -> Message:
        self.account.setRegistration(False)
        return {}

    def do_call(self, request: Message) -> Message:
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

    def do_answer(self, request: Message) -> Message:
        parameters = pj.CallOpParam(True)
        parameters.statusCode = request["code"]
        self._call(request).answer(parameters)
        return {}

    def do_hangup(self, request: Message) -> Message:
        call = self._call(request)
        call.drop_sound()
        parameters = pj.CallOpParam(True)
        parameters.statusCode = request.get("code", 0)
        call.hangup(parameters)
        return {}

    def do_digits(self, request: Message) -> Message:
        parameters = pj.CallSendDtmfParam()
        parameters.method = pj.PJSUA_DTMF_METHOD_RFC2833
        parameters.digits = request["digits"]
        parameters.duration = request["duration_ms"]
        self._call(request).sendDtmf(parameters)
        return {}

    def do_play(self, request: Message) -> Message:
        call = self._call(request)
        player = pj.AudioMediaPlayer()
        player.createPlayer(request["file"], 0 if request["loop"] else pj.PJMEDIA_FILE_NO_LOOP)
        call.drop_player()
        call.player = player
        call.connect_sound()
        return {}

    def do_stop_play(self, request: Message) -> Message:
        self._call(request).drop_player()
        return {}

    def do_record(self, request: Message) -> Message:
        call = self._call(request)
        call.drop_recorder()
        call.recorder = pj.AudioMediaRecorder()
        call.recorder.createRecorder(request["file"])
        call.recording = request["file"]
        call.connect_sound()
        return {}

    def do_stop_record(self, request: Message) -> Message:
        self._call(request).drop_recorder()
        return {}

    def do_hold(self, request: Message) -> Message:
        self._call(request).setHold(pj.CallOpParam(True))
        return {}

    def do_unhold(self, request: Message) -> Message:
        parameters = pj.CallOpParam(True)
        parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
        self._call(request).reinvite(parameters)
        return {}

    def do_transfer(self, request: Message) -> Message:
        call = self._call(request)
        call.hang_up_on = request["hang_up_on"]
        call.xfer(self._uri(request["number"]), pj.CallOpParam(True))
        return {}

    def do_transfer_to(self, request: Message) -> Message:
        call, other = self._call(request), self._call({"call": request["other"]})
        call.hang_up_on = request["hang_up_on"]
        call.xferReplaces(other, pj.CallOpParam(True))
        return {}

    def do_stop(self, request: Message) -> Message:
        self._stopping = True
        return {}

    def _call(self, request: Message) -> Call:
        call = self.calls.get(request["call"])
        if call is None:
            raise LookupError(f"call {request['call']} has ended")
        return call

    def handle(self, line: str) -> None:
        request = json.loads(line)
        action: Callable[[Message], Message] | None = getattr(self, f"do_{request['do']}", None)
        try:
            if action is None:
                raise LookupError(f"the phone cannot do {request['do']!r}")
            self.out.send({"id": request["id"], "ok": True, **action(request)})
        except (pj.Error, LookupError) as error:
            text = error.info() if isinstance(error, pj.Error) else str(error)
            self.out.send({"id": request["id"], "ok": False, "error": text})

    def forget_ended(self) -> None:
        for number in self.to_hang_up:
            if number in self.calls and number not in self.ended:
                self.handle(json.dumps({"id": 0, "do": "hangup", "call": number}))
        self.to_hang_up.clear()
        for number in self.ended:
            self.calls.pop(number, None)
        self.ended.clear()

    def put_away(self, player: Any) -> None:
        """Let go of a player when nobody can call it any more: each time it comes to the end of its file,
        a thread of the library is told so, and calls the player, which may be gone by then: that crashes.
        """
        self._put_away.append((time.monotonic() + PUT_AWAY_S, player))

    def _let_go(self) -> None:
        while self._put_away and self._put_away[0][0] <= time.monotonic():
            del self._put_away[0]

    def run(self) -> None:
        """Until told to stop, or until the test is gone (end of file)."""
        pending = b""
        while not self._stopping:
            self.endpoint.libHandleEvents(5)
            self.forget_ended()
            self._let_go()
            self.out.write_log()
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
            del call
        self.endpoint.hangupAllCalls()
        if self.account.getInfo().regIsActive:
            self.account.setRegistration(False)
        deadline = time.monotonic() + 1
        while (self.calls or self.account.getInfo().regIsActive) and time.monotonic() < deadline:
            self.endpoint.libHandleEvents(10)
            self.forget_ended()
        self.calls.clear()
        time.sleep(PUT_AWAY_S)
        self._let_go()
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
