"""Finished recordings in S3-compatible storage, by boto3.

An upload counts once the store itself has confirmed size and checksum; where its ETag is no MD5 (with some
kinds of encryption it is not), the object is read back and compared.
"""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from engine.recordings.encryption import is_encrypted
from engine.recordings.stores import StoreAway, StoreError
from engine.secrets import existing_secret
from engine.settings import Settings, SettingsError

_CONNECT_S, _READ_S = 5, 30
_CHUNK = 1 << 20
_SHA256 = "sha256"
# Answers that say something of one file and not of the store.
_OF_THE_FILE = {"BadDigest", "InvalidDigest", "EntityTooLarge", "KeyTooLongError", "NoSuchKey", "404"}
_NO_VERSIONS = {"NotImplemented", "MethodNotAllowed", "501", "405"}


class _Digests(NamedTuple):
    size: int
    md5: bytes
    sha256: str


class _Stoppable:
    """A file being sent, which can be given up in the middle."""

    def __init__(self, file: BinaryIO, stopped: threading.Event) -> None:
        self._file, self._stopped = file, stopped

    def read(self, size: int = -1) -> bytes:
        if self._stopped.is_set():
            raise InterruptedError("given up, since the worker ends")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class S3Store:
    """One bucket. Keys are the paths of the table `recording`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._stopped = threading.Event()

    @classmethod
    def of(cls, settings: Settings) -> "S3Store":
        """As the settings say. Raises `SettingsError` when the key's file is missing or no key."""
        wanted = settings.recordings
        words = existing_secret(settings, wanted.key_file).split()
        if len(words) != 2:
            raise SettingsError(
                f"{settings.secrets_folder / wanted.key_file}: expected two lines: access key, secret key"
            )
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=wanted.endpoint or None,
            region_name=wanted.region,
            aws_access_key_id=words[0],
            aws_secret_access_key=words[1],
            config=Config(
                connect_timeout=_CONNECT_S,
                read_timeout=_READ_S,
                retries={"total_max_attempts": 2, "mode": "standard"},
                signature_version="s3v4",
                s3={"addressing_style": wanted.addressing},
                # Newer checksums are unknown to many compatible stores; ours are checked below.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        return cls(client, wanted.bucket)

    def put(self, path: str, file: Path) -> None:
        try:
            with file.open("rb") as content:
                digests = _digests(iter(lambda: content.read(_CHUNK), b""))
                if self._holds(path, digests):  # sent by a worker that was killed before it could say so
                    return
                content.seek(0)
                with self._told(path):
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=path,
                        Body=_Stoppable(content, self._stopped),
                        ContentLength=digests.size,
                        ContentMD5=base64.b64encode(digests.md5).decode(),
                        ContentType="application/octet-stream" if is_encrypted(path) else "audio/wav",
                        Metadata={_SHA256: digests.sha256},
                    )
        except OSError as error:
            raise StoreError(f"{file}: {error.strerror or error}") from error
        if not self._holds(path, digests):
            raise StoreError(f"{self._bucket}/{path}: what the store holds is not what was sent")

    def fetch(self, path: str, target: Path) -> None:
        temporary = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._told(path), temporary.open("wb") as file:
                answer = self._client.get_object(Bucket=self._bucket, Key=path)
                digests = _digests(answer["Body"].iter_chunks(_CHUNK), file.write)
            expected = answer.get("Metadata", {}).get(_SHA256, digests.sha256)
            if digests.sha256 != expected or digests.size != answer["ContentLength"]:
                raise StoreError(f"{self._bucket}/{path}: what came is not what was once sent")
            temporary.replace(target)
        except OSError as error:
            raise StoreError(f"{target}: {error.strerror or error}") from error
        finally:
            temporary.unlink(missing_ok=True)

    def link(self, path: str, seconds: int) -> str:
        with self._told(path):
            address: str = self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": path}, ExpiresIn=seconds
            )
        return address

    def delete(self, path: str) -> None:
        with self._told(path):
            self._client.delete_object(Bucket=self._bucket, Key=path)
            # A bucket with versions only hides what was deleted.
            for version in self._versions(path):
                self._client.delete_object(Bucket=self._bucket, Key=path, VersionId=version)
            left = self._versions(path)
        if left or self._head(path) is not None:
            raise StoreError(f"{self._bucket}/{path}: is still there after it was deleted")

    def close(self) -> None:
        self._stopped.set()

    def _versions(self, path: str) -> list[str]:
        found: list[str] = []
        try:
            pages = self._client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self._bucket, Prefix=path):
                for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if entry["Key"] == path:
                        found.append(entry["VersionId"])
        except ClientError as error:
            if error.response["Error"].get("Code") not in _NO_VERSIONS:
                raise
        return found

    def _holds(self, path: str, digests: _Digests) -> bool:
        head = self._head(path)
        if head is None or head["ContentLength"] != digests.size:
            return False
        if head["ETag"].strip('"') == digests.md5.hex():
            return True
        with self._told(path):
            body = self._client.get_object(Bucket=self._bucket, Key=path)["Body"]
            return _digests(body.iter_chunks(_CHUNK)).sha256 == digests.sha256

    def _head(self, path: str) -> dict[str, Any] | None:
        with self._told(path):
            try:
                found: dict[str, Any] = self._client.head_object(Bucket=self._bucket, Key=path)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return None
                raise
        return found

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """The library's errors as ours."""
        try:
            yield
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            kind = StoreError if code in _OF_THE_FILE else StoreAway
            raise kind(f"{self._bucket}/{path}: {error}") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise StoreAway(f"{self._bucket}/{path}: {error}") from error


def _digests(chunks: Iterator[bytes], write: Callable[[bytes], object] | None = None) -> _Digests:
    # What S3's protocol asks for; it guards against damage, not against an attacker.
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    size = 0
    for chunk in chunks:
        md5.update(chunk)
        sha256.update(chunk)
        size += len(chunk)
        if write is not None:
            write(chunk)
    return _Digests(size, md5.digest(), sha256.hexdigest())
