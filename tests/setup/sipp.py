"""SIPp as a caller, a callee or a registering phone, for tests of the configuration."""

import subprocess
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parent


def start(folder: Path, name: str, port: int, *arguments: str) -> subprocess.Popen[bytes]:
    """Start SIPp on this port of 127.0.0.1, one call. Its messages go to `FOLDER/NAME.messages`."""
    return subprocess.Popen(
        [
            "sipp",
            *arguments,
            *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin"),
            *("-trace_msg", "-message_file", str(folder / f"{name}.messages")),
            *("-timeout", "20s", "-timeout_error"),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def finish(process: subprocess.Popen[bytes], timeout: float = 30.0) -> int:
    """Its exit code, 0 when the call went as the scenario says; it is ended when it takes too long."""
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def messages(folder: Path, name: str) -> str:
    path = folder / f"{name}.messages"
    return path.read_text(errors="replace") if path.exists() else ""
