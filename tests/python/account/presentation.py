"""A presentation on a terminal, and the presenter: the remote's key, pressed again and again."""

import re
import time

from screen import Screen

# A beat may wait for a step; all of it may take so long.
PATIENCE = 240
GOES_OVER = "\x1b0"
# The line over the notes of a step: its number, its title, and the beats, of which one is marked.
PLACE = re.compile(r"^[│ ] (\d)  .*▸(say|show|do|notice)\b", re.MULTILINE)


class Presentation:
    """The program on a screen, presenting from the first step."""

    def __init__(self, command, variables):
        self.screen = Screen(command, variables)
        self.screen.until(lambda text: "of 27 ready" in text, "the checklist")
        self.screen.press("\x1b[24~")
        self.screen.until(lambda text: self.place(text) is not None, "the presentation")

    @staticmethod
    def place(text):
        """The number of the step, and the beat; nothing where they are not shown."""
        found = PLACE.search(text)
        return found and (int(found[1]), found[2])

    @property
    def at(self):
        return self.place(self.screen.text)

    @property
    def is_over(self):
        """Whether the header has the mark."""
        return "◦" in self.screen.display.display[0]

    def on(self):
        """One press, and what comes of it at once."""
        self.screen.press(" ")
        self.screen.settle(quiet=0.25, most=2)

    def until(self, seconds):
        """Presses until some seconds have passed, or the last step is asked about."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.is_asked():
            self.screen.press(" ")
            while (left := end - time.monotonic()) > 0 and self.screen.read(min(0.25, left)):
                pass

    def is_asked(self):
        """Whether the last step wants to be confirmed."""
        return "Clean up?" in self.screen.text

    def to_the_end(self):
        """Presses until the last step wants to be confirmed; gives the places that were seen."""
        seen, end = [self.at], time.monotonic() + PATIENCE
        while not self.is_asked():
            assert time.monotonic() < end, f"the presentation does not come to its end:\n{self.screen.text}"
            assert "Run what it needs first?" not in self.screen.text, self.screen.text
            self.on()
            if self.at != seen[-1]:
                seen.append(self.at)
        return seen

    def go_over(self):
        """Presses the key; gives the seconds until the screen is on the other account."""
        before = self.is_over
        began = time.monotonic()
        self.screen.press(GOES_OVER)
        self.screen.until(lambda text: self.is_over != before, "the other account")
        return time.monotonic() - began

    def done(self):
        """The numbers of the steps that are done."""
        return {int(number) for number in re.findall(r"^[│ ] ✔\s+(\d)\s", self.screen.text, re.MULTILINE)}

    def close(self):
        """Leaves the program; gives its exit code."""
        # A key of its own: an escape that is followed by another key at once is a key with Alt.
        self.screen.press("\x1b")
        self.screen.settle(quiet=0.5, most=3)
        return self.screen.close()
