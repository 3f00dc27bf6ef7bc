"""The process that speaks and converts: jobs are lines of JSON on its input, an answer each on its output.

The first line tells which speech engine it is. It ends when its input does.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from engine.directory.prompts.convert import BadSound, Made, convert
from engine.directory.prompts.speech import Speech, SpeechFailed, speech_engine


def main() -> None:
    """Serve jobs until the input ends."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    # Whatever a library prints must not be taken for an answer.
    os.dup2(2, 1)
    first = sys.stdin.readline()
    if not first:
        return
    settings = json.loads(first)
    speech = speech_engine(Path(settings["root"]), settings["speech"])
    for line in sys.stdin:
        print(json.dumps(_answer(speech, json.loads(line)), ensure_ascii=False), file=output)


def _answer(speech: Speech, job: dict[str, Any]) -> dict[str, Any]:
    try:
        made = _done(speech, job)
    except BadSound as error:
        return {"bad_sound": str(error)}
    except SpeechFailed as error:
        return {"speech_failed": str(error)}
    except OSError as error:
        return {"speech_failed": f"{error.filename}: {error.strerror}"}
    return {"duration_ms": made.duration_ms, "gain_db": made.gain_db}


def _done(speech: Speech, job: dict[str, Any]) -> Made:
    if job["job"] == "speak":
        return speech.speak(job["text"], job["language"], Path(job["target"]), tight=job["tight"])
    if job["job"] == "convert":
        return convert(Path(job["source"]), Path(job["target"]), tight=job["tight"])
    return Made(0, 0.0)


if __name__ == "__main__":
    main()
