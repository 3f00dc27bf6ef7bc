"""Reads the format age (age-encryption.org/v1) by itself: a second witness of what our files are."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_PIECE = 64 * 1024 + 16


def opened(content: bytes, identity: str) -> bytes:
    """The plain content. `identity` is `AGE-SECRET-KEY-1…`. Raises what does not fit."""
    private = X25519PrivateKey.from_private_bytes(_bech32(identity))
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    end = content.index(b"\n---") + 1
    header, mac_line, payload = content[:end], *content[end:].split(b"\n", 1)
    assert header.startswith(b"age-encryption.org/v1\n")
    for share, body in _stanzas(header.decode().splitlines()[1:]):
        shared = private.exchange(X25519PublicKey.from_public_bytes(share))
        wrap = _hkdf(shared, share + public, b"age-encryption.org/v1/X25519")
        file_key = ChaCha20Poly1305(wrap).decrypt(bytes(12), body, None)
        mac = hmac.new(_hkdf(file_key, b"", b"header"), header + b"---", hashlib.sha256).digest()
        assert hmac.compare_digest(mac, _base64(mac_line.split()[1].decode()))
        return b"".join(_pieces(_hkdf(file_key, payload[:16], b"payload"), payload[16:]))
    raise AssertionError("no X25519 stanza")


def _stanzas(lines: Sequence[str]) -> list[tuple[bytes, bytes]]:
    return [
        (_base64(line.split()[2]), _base64(lines[at + 1]))
        for at, line in enumerate(lines)
        if line.startswith("-> X25519 ")
    ]


def _pieces(key: bytes, payload: bytes) -> list[bytes]:
    starts = range(0, max(1, len(payload)), _PIECE)
    return [
        ChaCha20Poly1305(key).decrypt(
            number.to_bytes(11, "big") + bytes([start == starts[-1]]), payload[start : start + _PIECE], None
        )
        for number, start in enumerate(starts)
    ]


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt or None, info).derive(key)


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _bech32(text: str) -> bytes:
    """Its data; the check sum is not looked at."""
    values = [_CHARACTERS.index(one) for one in text.lower().rpartition("1")[2][:-6]]
    bits = "".join(f"{value:05b}" for value in values)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, 256, 8))
