"""docs/administrators/webhooks.md, its tables made from the kinds of notice themselves.

`python -m engine.directory.webhooks_page docs/administrators/webhooks.md` writes it.
"""

import json
import sys
from pathlib import Path

from engine.directory.notice_kinds import KINDS

_HEAD = """\
# Webhooks: telling your own systems of events

<!-- Made from engine/directory/notice_kinds.py by `python -m engine.directory.webhooks_page PAGE`; a test
holds the two together. -->

The platform tells a CRM, a board or a chat of what happens: a deadline is near, a mark was low, a
ticket was opened.
The tenant's file names the receivers, each by a name of your choice:

```yaml
notices:
  crm: {url: "https://crm.example/vats"}                       # all events, also those that come to be later
  board: {url: "https://board.example/late", events: [task.warning, task.missed]}
```

## What your receiver gets

A POST with JSON in UTF-8:

```json
{"id": "romashka:task.missed:17.first_answer", "event": "task.missed", "tenant": "romashka",
 "at": "2026-11-23T08:00:00.000Z", "data": {"task": 17, "severity": 3}}
```

`at` is when it happened, `data` depends on the event (below); fields are only ever added, so pass over
those that you do
not know.

| header | content |
|---|---|
| `X-Vats-Timestamp` | seconds since 1970 (UTC) at which this try was sent |
| `X-Vats-Signature` | `v1=` and the hex HMAC-SHA256, by the tenant's key, of timestamp, a dot and the body |
| `Idempotency-Key` | the `id`: the same for all tries |

The operator of the platform prints the key by `vats secret show TENANT`; it is the one that
[web services](web-services.md) are asked with. Check the signature, refuse what is older than five
minutes, compare in
constant time.

**Answer** 2xx within ten seconds, and do what takes longer afterwards. What the answer holds does not matter.

- Any other 4xx than 408, 425 and 429, and a redirect, say that you never want this event: it is not
  sent again.
- 408, 425, 429, 5xx, no answer, or no connection: it is sent again after 10 s, 20 s, 40 s and so on, at
  most an hour
  apart, for a day. Meanwhile later events of yours wait, so that they come in their order.
- An event may come twice (your answer was lost, or the platform was restarted just then): remember the `id`.
- Receivers may only be at public addresses and behind https://, as [web services](web-services.md) may;
  `web_services` in `config/vats.yaml` allows others.

`vats webhook test TENANT` sends an event `test` at once and tells what each receiver says; `vats
webhook list` shows what
was sent and what was not, and why; `vats webhook retry` sends again what was refused or given up.
Events are kept for
30 days.

## A whole receiver

```python
import hashlib, hmac, json, ssl, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address, port, certificate, key_file = sys.argv[1:]
KEY = open(key_file).read().strip().encode()  # what `vats secret show romashka` prints
SEEN = set()  # in a database, so that it is known after a restart


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_from_vats(body):
            return self.answer(403)
        event = json.loads(body)
        if event["id"] not in SEEN:  # sent again: it has been seen to
            SEEN.add(event["id"])
            print(event["event"], json.dumps(event["data"], sort_keys=True), flush=True)
        return self.answer(204)

    def is_from_vats(self, body):
        timestamp = self.headers.get("X-Vats-Timestamp", "")
        wanted = "v1=" + hmac.new(KEY, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Vats-Signature", "")
        fresh = timestamp.isdigit() and abs(time.time() - int(timestamp)) < 300
        return fresh and hmac.compare_digest(given.encode(), wanted.encode())

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate)
server = ThreadingHTTPServer((address, int(port)), Receiver)
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
```

The tests run this very program.

## Events
"""


def webhooks_page() -> str:
    """The whole page."""
    lines = [_HEAD]
    lines += ["| event | when |", "|---|---|"]
    lines += [f"| `{name}` | {kind.about} |" for name, kind in KINDS.items()]
    lines.append("| `test` | `vats webhook test` was called; its `data` is empty |")
    for name, kind in KINDS.items():
        lines += ["", f"### `{name}`", "", f"When {kind.about}.", "", "| field | what it is |", "|---|---|"]
        lines += [f"| `{field}` | {about} |" for field, about in kind.fields.items()]
        lines += ["", "```json", json.dumps(kind.example, ensure_ascii=False, indent=1), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m engine.directory.webhooks_page PAGE")
    Path(sys.argv[1]).write_text(webhooks_page())
