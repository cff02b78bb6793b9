"""Ties: the connections of those who speak to the supervisor."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import msgspec

from jupyter_kronkers.serving.supervising.orders import Order, Report, Stop, Tie, line, lines


class Speaker:
    """One connection. Nobody is believed before he has shown the nonce. tied: it is an owner's."""

    def __init__(self, connection: socket.socket, nonce: str, listening: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.tied = False
        self._nonce, self._listening = nonce, listening
        self._buffer = bytearray()

    def hear(self) -> Sequence[Order]:
        """What was said since, of those who may say it. Raises EOFError if he left, or speaks nonsense."""
        try:
            said = self.connection.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError as problem:
            raise EOFError from problem
        if not said:
            raise EOFError
        self._buffer += said
        try:
            orders = [msgspec.json.decode(one, type=Order) for one in lines(self._buffer)]
        except (msgspec.MsgspecError, ValueError) as problem:
            raise EOFError from problem
        if any(order.nonce != self._nonce for order in orders):
            raise EOFError
        return orders

    def tie(self, report: Report) -> None:
        """This one owns us from now on. The first report brings him the listening socket."""
        self.tied = True
        with contextlib.suppress(OSError):
            socket.send_fds(self.connection, [line(report)], [self._listening.fileno()])

    def tell(self, report: Report) -> None:
        # Who does not read has missed it; he is told again with the next change, and may look at any time.
        with contextlib.suppress(OSError):
            self.connection.send(line(report))

    def close(self) -> None:
        self.connection.close()


__all__ = ["Order", "Speaker", "Stop", "Tie"]
