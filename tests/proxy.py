"""A TCP port in front of a server's socket, whose process can be made to stand still.

`python -m tests.proxy SOCKET` prints its port and forwards until it is ended.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from sqlalchemy import make_url

_PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Proxy:
    """The way to one database; its URL has a query, which more can be added to."""

    url: str
    process: "subprocess.Popen[str]"

    def fall_silent(self) -> None:
        """Forward nothing more; the kernel goes on to take what is sent, and new connections."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)  # it may forward a little before


@contextmanager
def proxied(postgres_url: str) -> Iterator[Proxy]:
    """Yield a proxy in front of a test's database, until the end of the block."""
    url = make_url(postgres_url)
    server = f"{url.query['host']}/.s.PGSQL.{url.port or 5432}"
    command = [sys.executable, "-m", __name__, server]
    with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            at = f"{url.username}@127.0.0.1:{int(process.stdout.readline())}"
            yield Proxy(f"postgresql://{at}/{url.database}?sslmode=disable", process)
        finally:
            process.kill()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _serve(server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)  # noqa: T201 - its answer
        while True:
            client, _ = listener.accept()
            behind = socket.socket(socket.AF_UNIX)
            behind.connect(server)
            for pair in ((client, behind), (behind, client)):
                Thread(target=_forward, args=pair, daemon=True).start()


if __name__ == "__main__":
    _serve(sys.argv[1])
