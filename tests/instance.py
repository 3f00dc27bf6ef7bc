"""One installation of its own for a test: its folder, ports, Asterisk, and our processes.

with Instance(tmp_path, trunks={"city": Trunk(addresses=["127.0.0.1:5070"])}) as instance:
    instance.start_asterisk()
    engine = instance.start("engine")
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from ruamel.yaml import YAML

from engine import secrets
from engine.settings import Settings, Trunk, load_settings
from engine.switch.configuration import asterisk_user, command, render
from tests.ports import free_ports, free_rtp_range, give_back

CHECKOUT = Path(__file__).resolve().parent.parent


def asterisk_root() -> Path:
    """The folder that holds Asterisk for tests. It is never skipped: without it a test fails and says so."""
    state = Path(os.environ.get("VATS_TEST_STATE", CHECKOUT / "var" / "test"))
    named = os.environ.get("VATS_ASTERISK_ROOT", "")
    root = Path(named) if named else state / "asterisk-root"
    if not (root / "usr/sbin/asterisk").is_file():
        raise AssertionError(
            f"{root}: holds no Asterisk; run the tests by scripts/test, which installs it, "
            "or set VATS_ASTERISK_ROOT to a root folder (/ for the host's own)"
        )
    return root


def wait_until(condition: Callable[[], bool], timeout: float = 30.0, what: str = "") -> None:
    """Poll until true. Raises `AssertionError` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(0.02)


def _shared_prompts() -> Path:
    state = os.environ.get("VATS_TEST_STATE") or f"{tempfile.gettempdir()}/vats-tests"
    folder = Path(state) / "prompts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Instance:
    """All lies in a short folder below /tmp that Asterisk's user can reach; `tmp_path/home` leads to it."""

    def __init__(
        self,
        tmp_path: Path,
        trunks: Mapping[str, Trunk] | None = None,
        tenants: Path | None = None,
        scenarios: Path | None = None,
        rtp_ports: int = 200,
        **settings: object,
    ) -> None:
        """`tenants` and `scenarios` are folders (default: new empty ones in `tmp_path`); `settings` are
        further top-level values of the settings file."""
        self._tmp_path = tmp_path
        self._folder = Path(tempfile.mkdtemp(prefix="vats-", dir="/tmp"))
        self._folder.chmod(0o755)
        home = self._folder / "var"
        home.mkdir()
        (tmp_path / "home").symlink_to(home)
        # Words of the built-in prompts have their content in their names: made once for all installations.
        (home / "prompts").mkdir()
        (home / "prompts" / "_builtin").symlink_to(_shared_prompts())
        config = tmp_path / "config" / "vats.yaml"
        config.parent.mkdir(exist_ok=True)
        for name in ("tenants", "scenarios"):
            (tmp_path / name).mkdir(exist_ok=True)
        sip, ari, ami, agi, web = free_ports(5)
        rtp = free_rtp_range(rtp_ports)
        content = {
            "cell": "test1",
            "ports": {
                "sip": sip, "ari": ari, "ami": ami, "agi": agi, "web": web,
                "rtp_from": rtp, "rtp_to": rtp + rtp_ports - 1,
            },
            "asterisk": {"root": str(asterisk_root())},
            "trunks": {name: trunk.model_dump() for name, trunk in (trunks or {}).items()},
            "tenants": str(tenants or tmp_path / "tenants"),
            "scenarios": str(scenarios or tmp_path / "scenarios"),
            **settings,
        }  # fmt: skip
        with config.open("w") as file:
            YAML(typ="safe").dump(content, file)
        self.environment = {
            **os.environ,
            "VATS_HOME": str(home),
            "VATS_CONFIG": str(config),
            "VATS_DATABASE_URL": "",
            "PYTHONPATH": str(CHECKOUT),
        }
        self.settings: Settings = load_settings(self.environment)
        self.asterisk: subprocess.Popen[bytes] | None = None
        self.processes: list[subprocess.Popen[bytes]] = []
        secrets.make_all(self.settings)

    def start_asterisk(self, timeout: float = 20.0) -> None:
        """Render the configuration, start Asterisk, and wait until it says that it has booted."""
        assert self.asterisk is None or self.asterisk.poll() is not None, "Asterisk runs already"
        render(self.settings)
        user = asterisk_user(self.settings)
        with (self._folder / "asterisk.out").open("ab") as output:
            self.asterisk = subprocess.Popen(
                command(self.settings, "-f", "-n"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        wait_until(self._asterisk_answers, timeout, f"Asterisk has booted; see {self._folder}/asterisk.out")

    def _asterisk_answers(self) -> bool:
        assert self.asterisk is not None
        if self.asterisk.poll() is not None:
            output = (self._folder / "asterisk.out").read_text(errors="replace")
            raise AssertionError(f"Asterisk ended with {self.asterisk.returncode}:\n{output[-3000:]}")
        return "fully booted" in self.cli("core waitfullybooted")

    def cli(self, line: str) -> str:
        """What Asterisk's own console answers to this line; empty while it cannot be reached."""
        user = asterisk_user(self.settings)
        done = subprocess.run(
            command(self.settings, "-rx", line),
            capture_output=True,
            text=True,
            timeout=20,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        return done.stdout if done.returncode == 0 else ""

    def stop_asterisk(self) -> None:
        """By SIGTERM, as `vats up` does."""
        if self.asterisk is not None:
            _end(self.asterisk, signal.SIGTERM)

    def kill_asterisk(self) -> None:
        """By SIGKILL."""
        if self.asterisk is not None:
            _end(self.asterisk, signal.SIGKILL)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start `engine`, `worker`, `web` or `fallback`; its output goes to `VATS_HOME/log/NAME.log`."""
        self.settings.log_folder.mkdir(parents=True, exist_ok=True)
        self.settings.run_folder.mkdir(parents=True, exist_ok=True)
        with (self.settings.log_folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine.cli", "run", name],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def log(self, name: str = "asterisk") -> str:
        """The log of one of our processes, or Asterisk's own."""
        if name == "asterisk":
            path = self.settings.asterisk_home / "log" / "messages.log"
        else:
            path = self.settings.log_folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End all that was started, Asterisk last; keep the logs in `tmp_path/logs`."""
        for process in reversed(self.processes):
            _end(process, signal.SIGTERM)
        self.stop_asterisk()
        logs = self._tmp_path / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        for source in (self.settings.log_folder, self.settings.asterisk_home / "log"):
            if source.exists():
                shutil.copytree(source, logs / source.parent.name, dirs_exist_ok=True)
        (self._tmp_path / "home").unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        ports = self.settings.ports
        give_back([ports.sip, ports.ari, ports.ami, ports.agi, ports.web])
        give_back(range(ports.rtp_from, ports.rtp_to + 1))

    def __enter__(self) -> "Instance":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
