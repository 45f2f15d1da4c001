#!/usr/bin/env python3
"""The same work in shiftdeck, harlequin and rainfrog, on a pseudo-terminal, measured as a person would feel it.

    python3 -m venv V && V/bin/pip install pyte harlequin
    cargo install rainfrog --no-default-features --root V
    V/bin/python benches/side_by_side.py --shiftdeck PATH --harlequin V/bin/harlequin --rainfrog V/bin/rainfrog [--rows 1000000]

The table is shiftdeck's sample with the given number of rows and 21 columns: in shiftdeck's own warehouse, in a DuckDB file for harlequin and in
an SQLite file for rainfrog. Each program is started, runs `select *` over the table, and is then scrolled. What is printed for each:

  first_screen_ms   from exec to the first screen with the named text
  first_rows_s      from the key that runs the query to the first screen with rows of the table
  row_down_ms       from a press of the arrow to the end of the output that follows it (p50, p99)
  page_down_ms      the same for page down
  end_s             from the key that goes to the last row to a screen that stays as it is
  rows_reached      rows the program says it has; harlequin stops at its limit
  resident_mb       largest resident set of the process so far

A program that is not given is left out; a step that does not come to an end within --patience seconds is reported as null.
"""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

import pyte

ROWS_OF_THE_TABLE = re.compile(r"blue-collar|technician|housemaid|self-employed|management|entrepreneur")
QUIET_SECONDS = 0.006


class Screen:
    """A program on a pseudo-terminal and what it has drawn."""

    def __init__(self, command, columns=160, lines=45, environment=None):
        self.emulator = pyte.Screen(columns, lines)
        self.parser = pyte.ByteStream(self.emulator)
        self.start = time.perf_counter()
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", **(environment or {}))
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvp(command[0], command)

    def read(self, seconds):
        """What comes within the seconds is drawn; False when nothing came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        for question, answer in ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[c", b"\x1b[?62;22c"), (b"\x1b[?u", b"\x1b[?0u")):
            if question in data:
                os.write(self.master, answer)
        self.parser.feed(data)
        return bool(data)

    def text(self):
        return "\n".join(self.emulator.display)

    def until(self, shows, patience):
        """Seconds until the predicate holds for the text of the screen, or None."""
        begin = time.perf_counter()
        while time.perf_counter() - begin < patience:
            if shows(self.text()):
                return time.perf_counter() - begin
            self.read(0.02)
        return None

    def press(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def rest(self, quiet=0.3, patience=10.0):
        """Until nothing has come for a while; seconds until the last output."""
        begin = last = time.perf_counter()
        while time.perf_counter() - begin < patience and time.perf_counter() - last < quiet:
            if self.read(quiet):
                last = time.perf_counter()
        return last - begin

    def latency(self, key, presses):
        """Milliseconds from a press to the end of what it draws."""
        times = []
        for _ in range(presses):
            begin = time.perf_counter()
            self.press(key)
            if not self.read(2.0):
                continue
            end = time.perf_counter()
            while self.read(QUIET_SECONDS):
                end = time.perf_counter()
            times.append((end - begin) * 1000)
        times.sort()
        if not times:
            return None
        return {"p50": round(statistics.median(times), 1), "p99": round(times[min(len(times) - 1, int(len(times) * 0.99))], 1)}

    def resident_mb(self):
        """Largest resident set of the process and its children."""
        pids = subprocess.run(["pgrep", "-P", str(self.child)], capture_output=True, text=True).stdout.split()
        most = 0
        for pid in [str(self.child), *pids]:
            try:
                with open(f"/proc/{pid}/status") as status:
                    most += next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
            except FileNotFoundError:
                continue
        return round(most / 1024)

    def close(self):
        for end in (lambda: os.kill(self.child, signal.SIGKILL), lambda: os.waitpid(self.child, 0), lambda: os.close(self.master)):
            try:
                end()
            except OSError:
                continue


DOWN, CTRL_DOWN, PAGE_DOWN, F5 = "\x1b[B", "\x1b[1;5B", "\x1b[6~", "\x1b[15~"


def measure(name, command, ready, ask, run, last, reached, patience, environment=None, focus=""):
    """One program: `ready` is on its first screen; `ask` types the query, `run` is the key that runs it, `last` goes to the last row and
    `reached` finds the number of rows on the screen afterwards; `focus` goes to
    the rows where they do not take the focus themselves."""
    screen = Screen(command, environment=environment)
    figures = {"program": name}
    try:
        shown = screen.until(lambda text: ready in text, 60)
        figures["first_screen_ms"] = shown and round((time.perf_counter() - screen.start) * 1000)
        screen.rest(1.0)
        ask(screen)
        screen.rest(0.5)
        begin = time.perf_counter()
        screen.press(run)
        rows = screen.until(ROWS_OF_THE_TABLE.search, patience)
        figures["first_rows_s"] = rows and round(time.perf_counter() - begin, 2)
        if rows is None:
            return figures
        screen.rest(1.0, patience)
        screen.press(focus)
        screen.rest()
        figures["row_down_ms"] = screen.latency(DOWN, 100)
        figures["page_down_ms"] = screen.latency(PAGE_DOWN, 50)
        begin = time.perf_counter()
        screen.press(last)
        figures["end_s"] = round(screen.rest(2.0, patience), 2)
        found = [int(re.sub(r"\D", "", text)) for text in re.findall(reached, screen.text())]
        figures["rows_reached"] = max(found, default=None)
    finally:
        figures["resident_mb"] = screen.resident_mb()
        if os.environ.get("SHOW"):
            print(screen.text(), file=sys.stderr)
        screen.close()
    return figures


def of_shiftdeck(options, folder):
    program = [options.shiftdeck, "--state-dir", f"{folder}/state", "--set", f"data.sample_rows={options.rows}"]
    subprocess.run([*program, "run", "foundation", "lake", "load"], check=True, capture_output=True)

    def ask(screen):
        screen.press("3")
        screen.rest()
        screen.press("\x0e")
        screen.rest()
        screen.press("select * from dm.data")

    environment = {"SHIFTDECK_LOCAL__PACE": "instant"}
    return measure(
        "shiftdeck", program, "Walkthrough", ask, F5, "\x1b[1;5F", r"([\d,]+) rows ·", options.patience, environment, CTRL_DOWN
    )


def table_of(options, folder, suffix):
    """The same rows in a file of another database."""
    path, parquet = f"{folder}/million.{suffix}", f"{folder}/million.parquet"
    program = [options.shiftdeck, "--state-dir", f"{folder}/state", "--set", f"data.sample_rows={options.rows}"]
    if not os.path.exists(parquet):
        subprocess.run([*program, "run", "foundation", "lake", "load"], check=True, capture_output=True)
        subprocess.run([*program, "sql", "-e", "select * from dm.data", "--format", "parquet", "-o", parquet], check=True, capture_output=True)
    import duckdb

    if suffix == "duckdb":
        with duckdb.connect(path) as database:
            database.execute(f"create table data as select * from '{parquet}'")
    else:
        import sqlite3

        with duckdb.connect() as reader:
            rows = reader.execute(f"select * from '{parquet}'")
            names = [column[0] for column in rows.description]
            with sqlite3.connect(path) as database:
                database.execute(f"create table data ({', '.join(names)})")
                while part := rows.fetchmany(50_000):
                    texts = [[value if isinstance(value, (int, float, str, type(None))) else float(value) for value in row] for row in part]
                    database.executemany(f"insert into data values ({', '.join('?' * len(names))})", texts)
    return path


def of_harlequin(options, folder):
    path = table_of(options, folder, "duckdb")

    def ask(screen):
        screen.press("select * from data")

    # Ctrl-J runs the statement; the results take the focus when they come.
    program = [options.harlequin, "--no-download-tzdata", path]
    return measure("harlequin", program, "Run Query", ask, "\x0a", "\x1b[1;5F", r"([\d,]+) (?:of [\d,]+ )?Records", options.patience)


def of_rainfrog(options, folder):
    path = table_of(options, folder, "sqlite")

    def ask(screen):
        # Alt-2 is the editor; it starts in vim's normal mode.
        screen.press("\x1b2")
        screen.rest()
        screen.press("i")
        screen.press("select * from data")
        screen.press("\x1b")

    # Alt-Enter runs, Alt-3 goes to the rows.
    program = [options.rainfrog, "--url", f"sqlite://{path}"]
    return measure("rainfrog", program, "results", ask, "\x1b\r", "G", r"\(([\d,]+) rows", options.patience, focus="\x1b3")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shiftdeck", required=True)
    parser.add_argument("--harlequin")
    parser.add_argument("--rainfrog")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--patience", type=float, default=180)
    parser.add_argument("--only", choices=["shiftdeck", "harlequin", "rainfrog"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, work in (("shiftdeck", of_shiftdeck), ("harlequin", of_harlequin), ("rainfrog", of_rainfrog)):
            if getattr(options, name) and options.only in (None, name):
                print(json.dumps(work(options, folder)), flush=True)


if __name__ == "__main__":
    main()
