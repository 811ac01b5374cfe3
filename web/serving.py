"""The app under waitress: limits for what never ends, problems for malformed HTTP, and an end that answers first.

waitress reads slow requests without a thread for each, but lets a client hold as many connections as it likes, for as
long as it sends a byte now and then, and keeps endless chunk extensions. The classes here put limits to that.
"""

import logging
import signal
import socket
import time
from socket import has_dualstack_ipv6
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest

from data.records import DataError
from web.problems import HEADERS, code_of, problem
from web.settings import shorten

# A server that closes while its client still sends is not heard. What is a little too large is therefore read to its
# end and refused by the app; what is larger still is refused by waitress, unread.
LARGEST_UPLOAD = 8 << 20  # bytes
LONGEST_LINE = 1024  # bytes of a chunk's size and extensions, and of what follows the last chunk
DEADLINE = 60  # seconds in which a whole request must have come
SILENCE = 30  # seconds without a byte, after which a connection is closed
CONNECTIONS = 400  # a class of thirty, whose browsers open six each, and some that hang
CONNECTIONS_OF_ONE = 200  # client, which may be a class behind one address; beyond them it loses its oldest ones
THREADS = 16  # large pictures and corrections wait in some of them; those that work take turns
LAST_WORDS = 4.0  # seconds in which, at the end, what is under way is answered


class Parser(HTTPRequestParser):
    """Refuses chunked requests whose lines never end."""

    completed: bool

    def received(self, data: bytes) -> int:
        """Take in the next bytes; return how many belong to this request."""
        consumed = super().received(data)
        lines = (getattr(self.body_rcv, name, b"") for name in ("control_line", "trailer"))
        if not self.completed and any(len(line) > LONGEST_LINE for line in lines):
            self.error = BadRequest("The lines between chunks are too long.")
            self.completed = True
        return consumed


class Answer(WSGITask):
    """Tells the client that the connection ends where the server does."""

    def build_response_header(self) -> bytes:
        """Return the status line and headers."""
        if self.channel.server.is_ending:
            self.set_close_on_finish()
        return super().build_response_header()


class Problem(ErrorTask):
    """Answers what waitress itself refuses, such as malformed HTTP, in the way the app does."""

    def execute(self) -> None:
        """Send the problem and close the connection."""
        error = self.request.error
        response = problem(error.code, code_of(error.code), error.body)
        response.headers.extend(HEADERS)
        logging.getLogger("server").info("a request that HTTP does not allow %d", response.status_code)
        self.status = response.status
        self.response_headers.extend(response.headers.to_wsgi_list())
        self.set_close_on_finish()
        self.content_length = len(response.data)
        self.write(response.data)


class Channel(HTTPChannel):
    """A connection that knows since when it waits for a whole request."""

    parser_class, task_class, error_task_class = Parser, Answer, Problem

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Begin to wait."""
        self.waits_since = time.time()
        super().__init__(*arguments, **options)

    def service(self) -> None:
        """Answer one request, and wait for the next."""
        super().service()
        self.waits_since = time.time()

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing is being answered or sent here."""
        return not (self.requests or self.total_outbufs_len or self.will_close)


class Server(TcpWSGIServer):
    """waitress with a deadline for requests, a limit of connections, and an end that answers what is under way."""

    channel_class = Channel
    is_ending = False
    connections_of_one = CONNECTIONS_OF_ONE

    def maintenance(self, now: float) -> None:
        """Close connections that are silent, or whose request takes too long."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_waiting and channel.waits_since < now - DEADLINE:
                channel.will_close = True

    def handle_accept(self) -> None:
        """Take a connection; beyond the limits, close the one that has waited longest for its request."""
        super().handle_accept()
        channels = [channel for channel in self.active_channels.values() if not channel.will_close]
        if not channels:
            return
        client = channels[-1].addr[0]
        of_client = [channel for channel in channels if channel.addr[0] == client]
        crowd = of_client if len(of_client) > self.connections_of_one else channels
        if crowd is of_client or len(channels) > CONNECTIONS:
            waiting = [channel for channel in crowd[:-1] if channel.is_waiting]
            min(waiting, key=lambda channel: channel.waits_since, default=crowd[-1]).will_close = True

    def end(self, *_: object) -> None:
        """End soon: this is what a signal calls."""
        self.is_ending = True
        self.pull_trigger()

    def run(self) -> None:
        """Serve until the end, and then answer what is under way."""
        while not self.is_ending:
            self._poll(self.adj.asyncore_loop_timeout)
        known = -1
        while len(self.active_channels) > known:  # whom the system has let in already is answered too
            known = len(self.active_channels)
            self.handle_accept()
        self.asyncore.dispatcher.close(self)
        deadline = time.monotonic() + LAST_WORDS
        while self.active_channels and time.monotonic() < deadline:
            self._poll(0.05)
            for channel in self.active_channels.values():
                channel.will_close |= channel.is_waiting and channel.request is None
        self.task_dispatcher.shutdown(timeout=0.1)
        self.trigger.close()

    def _poll(self, timeout: float) -> None:
        self.asyncore.loop(timeout=timeout, map=self._map, use_poll=self.adj.asyncore_use_poll, count=1)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address, or raise `DataError` where that cannot be done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::" and has_dualstack_ipv6())
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no name of a host"
        raise DataError(
            f"cannot serve at {shorten(host)}, port {port} ({reason}); choose another --host or --port."
        ) from None


def serve(app: Flask, listener: socket.socket) -> None:
    """Serve the app until Ctrl-C or SIGTERM; what is under way then is still answered."""
    server = make_server(app, listener)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, server.end)
    server.run()


def make_server(app: Flask, listener: socket.socket) -> Server:
    """Return a server of the app on a bound socket."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it would tell of each request that waits a moment
    server = Server(
        app,
        threads=THREADS,
        _sock=listener,
        bind_socket=False,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        connection_limit=CONNECTIONS + 50,
        channel_timeout=SILENCE,
        cleanup_interval=5,
        max_request_body_size=LARGEST_UPLOAD,
        inbuf_overflow=LARGEST_UPLOAD + 1,  # bytes; more would go to a temporary file, whose disk may be full
        outbuf_overflow=1 << 26,
        clear_untrusted_proxy_headers=False,  # the app looks at them, and ProxyFix where it is told to
        asyncore_use_poll=True,
    )
    if app.config.get("PROXIES"):
        server.connections_of_one = CONNECTIONS  # the proxy has them all
    return server
