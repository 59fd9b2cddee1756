"""Takes all connections that wait for it, in each round of the event loop.

uvloop takes one a round. Where a round is a few lists, connections wait in the system's queue for
seconds before anything of ours sees that there is too much, and can say so. asyncio's own loop
takes all of them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable

AT_ONCE = 256
"""Connections of one round: what has come on others gets its turn, too."""

PAUSE_SECONDS = 1.0
"""Until the next try where there are no more files, as in asyncio."""


def accept_all(
    listening: Iterable[socket.socket], protocol: Callable[[], asyncio.Protocol]
) -> Callable[[], None]:
    """Take what uvloop has not taken yet of the connections to some sockets; returns its end."""
    loop = asyncio.get_running_loop()
    if not type(loop).__module__.startswith("uvloop"):
        return lambda: None
    # The loop lets nobody read on a socket that it reads on itself.
    same = [socket.fromfd(each.fileno(), each.family, each.type) for each in listening]
    starting: set[asyncio.Task[object]] = set()

    def follow(server: socket.socket) -> None:
        if server.fileno() >= 0:  # else it has ended
            loop.add_reader(server, accept, server)

    def accept(server: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = server.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                loop.remove_reader(server)
                loop.call_later(PAUSE_SECONDS, follow, server)
                return
            connection.setblocking(False)
            task = loop.create_task(loop.connect_accepted_socket(protocol, connection))
            starting.add(task)
            task.add_done_callback(starting.discard)

    for each in same:
        each.setblocking(False)
        follow(each)

    def end() -> None:
        for each in same:
            loop.remove_reader(each)
            each.close()

    return end
