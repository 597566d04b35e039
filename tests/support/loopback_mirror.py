"""A mirror on the loopback interface that can fail as real ones do."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from experiments.datasets.download import PublicFile


@dataclass
class Mirror:
    """What is served, and what was asked for.

    Attributes:
        files: content by path.
        broken: paths whose connection is closed after half of the content.
        gate: cleared, it holds back every answer.
    """

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    requests: Counter[str] = field(default_factory=Counter)
    gate: threading.Event = field(default_factory=threading.Event)

    def public(self, name: str, content: bytes, path: str | None = None) -> PublicFile:
        """Serve ``content``; returns the file as a source would name it."""
        self.files[f"/{name}"] = content
        checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return PublicFile(path or name, (f"{self.address}/{name}",), f"md5:{checksum}")


def serving() -> Iterator[Mirror]:
    """To be made a fixture: a mirror that runs for one test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests[self.path] += 1
            served.gate.wait(timeout=30)
            content = served.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            cut = len(content) // 2 if self.path in served.broken else len(content)
            self.wfile.write(content[:cut])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Mirror(f"http://127.0.0.1:{server.server_address[1]}")
    served.gate.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()
