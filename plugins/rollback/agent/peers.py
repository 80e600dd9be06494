"""Peers that do nothing, to measure what asking itself costs."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import Any, Iterator

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def null(kind: str) -> Iterator[dict[str, Any]]:
    """Yield a probe of the same kind whose peer does nothing; it ends with the block."""
    if kind == "command":
        yield {"command": ["true"]}
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        yield {"url": f"http://{address}/"} if kind == "url" else {"tcp": address}
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes the thread


def serve(server: socket.socket) -> None:
    """Answer every request with the same two bytes, one connection after the other."""
    with suppress(OSError):  # the listening socket was closed: the end
        while True:
            peer, _ = server.accept()
            with peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while peer.recv(1 << 16):
                    peer.sendall(ANSWER)
