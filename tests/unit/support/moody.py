"""A real server on loopback that answers, hangs up, or is gone, as it is told at that moment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing

UP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PAGE = b"HTTP/1.1 503 Wait\r\nContent-Length: 11\r\n\r\nmaintenance"
BROKEN = b"HTTP/1.1 503 Wait\r\nContent-Length: 5\r\n\r\noh no"
GONE = b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"


class Server:
    """A real server on loopback that answers as it is told to at that moment."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = self.asked = 0
        self.behave: Callable[[socket.socket], object] = lambda peer: peer.sendall(UP)
        self.open()

    def open(self) -> None:
        """Listen; on the same port as before where there was one."""
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        self.port = self.listener.getsockname()[1]
        self.peers: list[socket.socket] = []
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        for each in (self.listener, *self.peers):
            with closing(each):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def accept(self, listener: socket.socket) -> None:
        """Serve each connection in a thread."""
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self.peers.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer: socket.socket) -> None:
        """Answer every request of one connection."""
        try:
            while peer.recv(4096):
                self.asked += 1
                self.behave(peer)
        except OSError:
            return

    def say(self, answer: bytes) -> None:
        """Give this answer from now on."""
        self.behave = lambda peer: peer.sendall(answer)
