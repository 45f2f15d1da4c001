"""A network line to a service, which can be cut and mended."""

import contextlib
import socket
import struct
import threading
import urllib.parse

# How a line may fail: nobody is there any more, or everything is swallowed and nothing comes back.
WAYS = ("refused", "silent")


class Line:
    """Passes bytes on to a service and back, for as long as it is not cut."""

    def __init__(self, url):
        there = urllib.parse.urlsplit(url)
        self.there = (there.hostname, there.port)
        self.ends, self.lock, self.way = set(), threading.Lock(), None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.listen(self.listener)

    def cut(self, way):
        """Cuts it, in one of the `WAYS`."""
        assert way in WAYS, way
        with self.lock:
            self.way = way
        if way == "refused":
            self.stop_listening()
            self.hang_up()

    def mend(self):
        """Makes it whole again, for new connections."""
        refused = self.way == "refused"
        self.hang_up()
        with self.lock:
            self.way = None
        if refused:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            self.listen(self.listener)

    def close(self):
        """Ends it."""
        self.stop_listening()
        self.hang_up()

    def stop_listening(self):
        """Who is blocked in `accept` wakes up by that."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def hang_up(self):
        """Ends every connection at once, as a machine does that is gone."""
        with self.lock:
            ends, self.ends = self.ends, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def listen(self, listener):
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                here, _ = listener.accept()
                there = socket.create_connection(self.there)
            except OSError:
                return
            with self.lock:
                self.ends |= {here, there}
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self.pump, args=(source, target), daemon=True).start()

    def pump(self, source, target):
        try:
            while content := source.recv(1 << 16):
                if self.way is None:
                    target.sendall(content)
            if self.way is None:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            # One of them has hung up, or the line is cut.
            return
