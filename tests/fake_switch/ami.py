"""The manager interface of the scripted switch: recording and AstDB, as `engine.switch.ami.Ami` has them."""

import asyncio
from dataclasses import dataclass, field

from engine.switch.errors import Gone, SwitchAway
from tests.fake_switch.asterisk import FakeAsterisk


@dataclass
class FakeAmi:
    switch: FakeAsterisk
    connected: bool = True
    recordings: dict[str, tuple[str, str]] = field(default_factory=dict)  # channel name: the two files
    muted: set[str] = field(default_factory=set)
    finished: list[tuple[str, str]] = field(default_factory=list)
    stopped: dict[str, float] = field(default_factory=dict)  # when a channel's recording ended, by the loop
    database: dict[tuple[str, str], str] = field(default_factory=dict)

    async def start_mixmonitor(self, channel_name: str, receive_file: str, transmit_file: str) -> None:
        self._check(f"MixMonitor {channel_name}", channel_name)
        if channel_name in self.recordings:
            self.switch.faults.append(f"{channel_name} is recorded twice at once")
        # As measured: what decodes for the recording before has not been let go of yet.
        if asyncio.get_running_loop().time() - self.stopped.get(channel_name, -1.0) < 0.1:
            self.switch.faults.append(f"{channel_name}: whoever speaks to it now is missing in the recording")
        self.recordings[channel_name] = (receive_file, transmit_file)

    async def stop_mixmonitor(self, channel_name: str) -> None:
        self._check(f"StopMixMonitor {channel_name}", channel_name)
        files = self.recordings.pop(channel_name, None)
        if files is None:
            raise Gone(f"StopMixMonitor {channel_name}: Could not stop monitoring channel")
        self.muted.discard(channel_name)
        self.stopped[channel_name] = asyncio.get_running_loop().time()
        self.finished.append(files)

    async def mute_mixmonitor(self, channel_name: str, muted: bool) -> None:
        self._check(f"MixMonitorMute {channel_name}", channel_name)
        if muted and channel_name in self.recordings:
            self.muted.add(channel_name)
        else:
            self.muted.discard(channel_name)

    async def database_put(self, family: str, key: str, value: str) -> None:
        self._check(f"DBPut {family}/{key}")
        self.database[family, key] = value

    async def database_delete(self, family: str, key: str) -> None:
        self._check(f"DBDel {family}/{key}")
        self.database.pop((family, key), None)

    async def database_tree(self, family: str) -> dict[str, str]:
        self._check(f"DBGetTree {family}")
        return {key: value for (owner, key), value in self.database.items() if owner == family}

    def _check(self, what: str, channel_name: str = "") -> None:
        if not self.connected:
            raise SwitchAway(f"{what}: not connected")
        living = {channel.name for channel in self.switch.channels.channels.values()}
        if channel_name and channel_name not in living:
            raise Gone(f"{what}: No such channel")
