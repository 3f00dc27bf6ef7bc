"""Where sound is made: helper processes, so that neither speech nor conversion takes the engine's time.

A helper (`engine.directory.prompts.helper`) reads jobs as lines of JSON and answers each with a line. It is
started when it is needed, and ends with whoever started it, for its input ends then.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from engine.directory.prompts.convert import BadSound, Made
from engine.directory.prompts.speech import Speech, SpeechFailed
from engine.settings import Settings

# A long recording takes some seconds.
_LONGEST_JOB_S = 180.0


class Workshop:
    """Does jobs for several threads, in `at_once` helpers at most."""

    def __init__(self, settings: Settings, *, at_once: int = 2, speech: Speech | None = None) -> None:
        """With `speech`, that engine speaks, in this process."""
        self._start_line = msgspec.json.encode(
            {"root": str(settings.asterisk_root), "speech": settings.speech.model_dump(mode="json")}
        )
        self._speech = speech
        self._free = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._idle: list[_Helper] = []
        self._all: set[_Helper] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Have a helper ready; blocks while it starts."""
        with self._free:
            if self._speech is not None or self._idle:
                return
            helper = self._take()
            helper.ask({"job": "ready"}, _LONGEST_JOB_S)
            self._give_back(helper)

    def speak(
        self, text: str, language: str, target: Path, *, tight: bool = False, limit: float = _LONGEST_JOB_S
    ) -> Made:
        """Write `target`.alaw and `target`.wav; `tight` for a fragment, that others follow at once.

        `limit` is how many seconds it may take, waiting for a free helper included. Raises `SpeechFailed`.
        """
        if self._speech is not None:
            return self._speech.speak(text, language, target, tight=tight)
        job = {"job": "speak", "text": text, "language": language, "target": str(target), "tight": tight}
        return self._do(job, limit)

    def convert(self, source: Path, target: Path, *, tight: bool = False) -> Made:
        """The same of a sound file. Raises `BadSound`."""
        job = {"job": "convert", "source": str(source), "target": str(target), "tight": tight}
        return self._do(job, _LONGEST_JOB_S)

    def close(self) -> None:
        """End all helpers; who still waits for one gets `SpeechFailed`."""
        with self._lock:
            self._closed = True
            helpers = list(self._all)
            self._all.clear()
            self._idle.clear()
        for helper in helpers:
            helper.kill()

    def _do(self, job: dict[str, Any], limit: float) -> Made:
        end = time.monotonic() + limit
        if not self._free.acquire(timeout=limit):
            raise SpeechFailed(f"no free helper within {limit:g} s")
        try:
            helper = self._take()
            answer = helper.ask(job, end - time.monotonic())
            self._give_back(helper)
        finally:
            self._free.release()
        if problem := answer.get("bad_sound"):
            raise BadSound(problem)
        if problem := answer.get("speech_failed"):
            raise SpeechFailed(problem)
        return Made(answer["duration_ms"], answer["gain_db"])

    def _take(self) -> "_Helper":
        with self._lock:
            if self._closed:
                raise SpeechFailed("we are shutting down")
            if self._idle:
                return self._idle.pop()
        helper = _Helper(self._start_line)
        with self._lock:
            closed = self._closed
            self._all.add(helper)
        if closed:
            helper.kill()
            raise SpeechFailed("we are shutting down")
        return helper

    def _give_back(self, helper: "_Helper") -> None:
        with self._lock:
            if self._closed:
                return
            if helper.well:
                self._idle.append(helper)
            else:
                self._all.discard(helper)


class _Helper:
    """One process; used by one thread at a time."""

    def __init__(self, start_line: bytes) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine.directory.prompts.helper"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(__file__).resolve().parents[3],
                # A group of its own: ended with the programs that it has started, and by nobody's Ctrl-C.
                start_new_session=True,
            )
        except OSError as error:
            raise SpeechFailed(f"the helper process cannot be started: {error.strerror}") from error
        self._start_line = start_line
        self.well = True

    def ask(self, job: dict[str, Any], limit: float) -> dict[str, Any]:
        """The answer to a job. One that does not come in `limit` seconds ends the helper."""
        try:
            line = self._start_line + b"\n" if self._start_line else b""
            self._start_line = b""
            self._write(line + msgspec.json.encode(job) + b"\n")
            answer: dict[str, Any] = msgspec.json.decode(self._line(limit))
        except TimeoutError:
            self.kill()
            return {"speech_failed": f"it took longer than {limit:.1f} s"}
        except (OSError, ValueError, msgspec.DecodeError):
            self.kill()
            return {"speech_failed": "the helper process has ended"}
        return answer

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _line(self, limit: float) -> bytes:
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(output, select.POLLIN)
        end, line = time.monotonic() + limit, b""
        while not line.endswith(b"\n"):
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                raise TimeoutError
            chunk = os.read(output, 65536)
            if not chunk:
                raise OSError("it has ended")
            line += chunk
        return line

    def kill(self) -> None:
        """With all that it has started; whoever waits for its answer sees the end. For any thread."""
        self.well = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
