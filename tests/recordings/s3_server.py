"""A real S3 server over HTTP on loopback, and a road to it that can be cut, held up and made to damage."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config
from moto import settings as moto_settings
from moto.server import ThreadedMotoServer

from engine.settings import RecordingSettings, Settings

BUCKET = "recordings"


class S3Server:
    """Content outlives `stop` and `start`, which use the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.start()
        httpx.post(f"{self.address}/moto-api/reset")
        self.admin = self.client("admin", "admin")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        inner = self._server._server
        self._server.stop()
        assert inner is not None
        inner.server_close()

    def client(self, access: str, secret: str, service: str = "s3") -> Any:
        return boto3.client(
            service,
            endpoint_url=self.address,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def make_bucket(self, versions: bool = False) -> None:
        self.admin.create_bucket(Bucket=BUCKET)
        if versions:
            status = {"Status": "Enabled"}
            self.admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)

    def names(self) -> list[str]:
        return [one["Key"] for one in self.admin.list_objects_v2(Bucket=BUCKET).get("Contents", ())]

    def versions(self) -> list[str]:
        """Of all objects, delete markers included."""
        answer = self.admin.list_object_versions(Bucket=BUCKET)
        return [one["Key"] for kind in ("Versions", "DeleteMarkers") for one in answer.get(kind, ())]

    def content(self, key: str) -> bytes:
        read: bytes = self.admin.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return read

    def close_to_strangers(self) -> str:
        """From here on the server checks keys and signatures. Returns what a right key file holds."""
        iam = self.client("admin", "admin", "iam")
        iam.create_user(UserName="vats")
        key = iam.create_access_key(UserName="vats")["AccessKey"]
        rule = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
        iam.put_user_policy(UserName="vats", PolicyName="own", PolicyDocument=document)
        moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        self.admin = self.client(key["AccessKeyId"], key["SecretAccessKey"])
        return f"{key['AccessKeyId']}\n{key['SecretAccessKey']}\n"


@contextmanager
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    try:
        yield server
    finally:
        moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
        server.stop()


def with_s3(settings: Settings, address: str, key: str = "somebody\nsecret\n") -> Settings:
    """The same installation with recordings in the bucket."""
    settings.secrets_folder.mkdir(parents=True, exist_ok=True)
    (settings.secrets_folder / "s3").write_text(key)
    recordings = RecordingSettings(store="s3", endpoint=address, bucket=BUCKET, key_file="s3")
    return settings.model_copy(update={"recordings": recordings})


class Road:
    """A TCP proxy to the server. `damage`: what is sent gets a wrong bit; `hold_after`: no more than so many
    bytes of a connection go through, and `held` is set then.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.damage = False
        self.hold_after: int | None = None
        self.held = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._spawn(self._accept)

    def _spawn(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                self._spawn(self._carry, near, far, True)
                self._spawn(self._carry, far, near, False)

    def _carry(self, source: socket.socket, target: socket.socket, there: bool) -> None:
        carried = 0
        with suppress(OSError):
            while data := source.recv(16384):
                carried += len(data)
                if there and self.hold_after is not None and carried > self.hold_after:
                    self.held.set()
                    continue
                if there and self.damage and b"HTTP/1.1" not in data:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
        for connection in self._open:
            connection.close()


@contextmanager
def road(port: int) -> Iterator[Road]:
    made = Road(port)
    try:
        yield made
    finally:
        made.close()


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files below the folder by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
