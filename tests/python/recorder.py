"""A proxy before the embedded AWS that keeps every request with its answer, as bytes."""

import dataclasses
import http.client
import http.server
import threading
import urllib.parse

# Headers of one connection, which say nothing of the message.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect"}


@dataclasses.dataclass
class Exchange:
    """A request and its answer; the names of headers are in lower case."""

    method: str
    path: str
    headers: dict
    body: bytes
    status: int
    answer_headers: dict
    answer: bytes

    @property
    def caller(self):
        """The program or SDK that asked, as it calls itself."""
        return self.headers.get("user-agent", "")


class Server(http.server.ThreadingHTTPServer):
    """Takes as many connections at once as the program makes: one that has to wait is tried again by the system a second later."""

    request_queue_size = 128
    daemon_threads = True


class Recorder:
    """Listens on a port of its own, sends on what it gets, and keeps it."""

    def __init__(self, url):
        self.exchanges = []
        self.target = urllib.parse.urlsplit(url)
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Without this an answer waits for the acknowledgement of its headers.
            wbufsize = -1
            disable_nagle_algorithm = True

            def answer(self):
                recorder.pass_on(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = answer

            def handle_expect_100(self):
                """The word to go on leaves at once: the client waits a second for it before it sends the body."""
                goes_on = super().handle_expect_100()
                self.wfile.flush()
                return goes_on

            def log_message(self, *_):
                """The exchanges are the log."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, handler):
        """Sends a request on and its answer back. The headers are passed as they are: they are signed."""
        self.send_back(handler, self.ask(handler, received(handler)))

    def ask(self, handler, body):
        """Sends a request on; gives the exchange."""
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port)
        try:
            connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in HOP_BY_HOP | {"content-length"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        exchange = Exchange(
            handler.command,
            handler.path,
            {name.lower(): value for name, value in handler.headers.items()},
            body,
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            content,
        )
        self.exchanges.append(exchange)
        return exchange

    @staticmethod
    def send_back(handler, exchange):
        """Sends an answer back."""
        handler.send_response_only(exchange.status)
        for name, value in exchange.answer_headers.items():
            if name not in HOP_BY_HOP and (name != "content-length" or handler.command == "HEAD"):
                handler.send_header(name, value)
        if handler.command != "HEAD":
            handler.send_header("Content-Length", str(len(exchange.answer)))
        handler.end_headers()
        handler.wfile.write(exchange.answer)
        handler.wfile.flush()

    def close(self):
        """Stops listening."""
        self.server.shutdown()
        self.server.server_close()


def received(handler):
    """The body of a request, by its length or in chunks."""
    if handler.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    content = b""
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        content += handler.rfile.read(size)
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass
    return content
