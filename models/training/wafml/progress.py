"""A progress line: steps, loss, time left; quiet when nobody watches."""

import sys
import time


class Progress:
    def __init__(self, title: str, total: int, every_seconds: float = 2.0) -> None:
        self.title, self.total, self.done = title, total, 0
        self._every, self._started, self._shown = every_seconds, time.monotonic(), time.monotonic()
        self._enabled = sys.stderr.isatty()

    def step(self, loss: float) -> None:
        self.done += 1
        now = time.monotonic()
        if not self._enabled or (now - self._shown < self._every and self.done < self.total):
            return
        self._shown = now
        left = (now - self._started) / self.done * (self.total - self.done)
        bar = "#" * int(20 * self.done / self.total)
        end = "\n" if self.done == self.total else ""
        print(f"\r  {self.title} [{bar:20}] {self.done}/{self.total} loss {loss:.4f} {left:.0f} s left ", end=end, file=sys.stderr, flush=True)
