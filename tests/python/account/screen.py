"""The program on a terminal: keys in, frames out."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

LINES, COLUMNS = 50, 180
PATIENCE = 60


class Screen:
    """A program on a pseudo-terminal. Every frame that it drew is kept, as text, and every byte that it sent."""

    def __init__(self, command, variables):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env={**variables, "TERM": "xterm-256color"}, start_new_session=True
        )
        os.close(slave)
        self.display = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.display)
        self.frames, self.sent = [], b""

    @property
    def text(self):
        """What is drawn now."""
        return "\n".join(self.display.display)

    def until(self, shown, what="the frame that was waited for"):
        """Reads until `shown` is true of the drawn text."""
        end = time.monotonic() + PATIENCE
        while not shown(self.text):
            assert time.monotonic() < end, f"{what} did not come:\n{self.text}"
            self.read(0.2)
        return self.text

    def settle(self, quiet=0.3, most=5):
        """Reads until nothing was drawn for a while."""
        end = time.monotonic() + most
        while self.read(quiet) and time.monotonic() < end:
            pass
        return self.text

    def read(self, patience):
        """Reads what there is; gives whether there was anything."""
        if not select.select([self.master], [], [], patience)[0]:
            return False
        try:
            content = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.sent += content
        # Questions of the terminal's abilities are not drawn.
        self.stream.feed(content)
        if not self.frames or self.frames[-1] != self.text:
            self.frames.append(self.text)
        return True

    def press(self, keys):
        """Types."""
        os.write(self.master, keys.encode())

    def close(self):
        """Leaves the program; gives its exit code."""
        self.press("\x11")
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        while self.read(0):
            pass
        os.close(self.master)
        return self.process.wait(timeout=10)
