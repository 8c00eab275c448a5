"""What is remembered of a client: the mirror of sidecar/Behaviour/History, step by step and in 32-bit floats.

A request is kept in steps of a fixed ratio, and sixteen counts fade over three windows. Golden vectors hold both sides
equal (`golden.py`).
"""

import math
from dataclasses import dataclass, field

import numpy as np

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
OTHER = len(VERBS)
RING = 50
LENGTHS = (60.0, 300.0, 3600.0)

REFERER, OWN_REFERER, ASSET, QUERY, REFUSED, NEW_ROUTE, COOKIE, PAGE = (1 << i for i in range(8))

COUNTS = ["requests", "client_errors", "not_found", "denied", "server_errors", "redirects", "writes", "assets", "referers",
          "queries", "new_routes", "kilobytes", "seconds", "rule_hits", "refused", "fast"]
AT = {name: i for i, name in enumerate(COUNTS)}

SIZES = [np.float32(2 ** (k / 2) - 1) for k in range(64)]
GAPS = [np.float32(2 ** (k / 4) - 1) for k in range(128)]


def verb_of(method):
    return VERBS.index(method) if method in VERBS else OTHER


def step(value, per_doubling, highest):
    if value <= 0:
        return 0
    return int(min(math.floor(per_doubling * math.log2(value + 1)), highest))


@dataclass
class Observation:
    verb: int = 0
    route: int = 0
    status: int = 0
    bytes: int = 0
    ms: float = 0.0
    path_bytes: int = 0
    rule_score: int = 0
    model_score: float = 0.0
    marks: int = 0


class Entry:
    """One remembered request; numbers to their step."""

    __slots__ = ("verb", "route", "status", "bytes_step", "bytes", "ms", "gap_step", "gap", "path_bytes", "rule_score",
                 "model_score", "marks")

    def __init__(self, o, gap_ms):
        self.verb, self.route, self.status, self.marks = o.verb, o.route, o.status, o.marks
        self.bytes_step = step(o.bytes, 2, 63)
        self.bytes = float(SIZES[self.bytes_step])
        self.ms = float(SIZES[step(o.ms * 8, 2, 63)] / np.float32(8))
        self.gap_step = step(gap_ms, 4, 127)
        self.gap = float(GAPS[self.gap_step])
        self.path_bytes = float(SIZES[step(o.path_bytes, 2, 31)])
        self.rule_score = min(max(o.rule_score, 0), 7)
        self.model_score = min(max(int(o.model_score * 8), 0), 7)


def counts_of(o, gap_ms, is_first):
    s = o.status
    return np.array([
        1, 400 <= s < 500, s in (404, 410), s in (401, 403, 407, 429, 444), 500 <= s < 600, 300 <= s < 400 and s != 304,
        2 <= o.verb <= 5, bool(o.marks & ASSET), bool(o.marks & REFERER), bool(o.marks & QUERY), bool(o.marks & NEW_ROUTE),
        o.bytes / 1024.0, o.ms / 1000, o.rule_score > 0, bool(o.marks & REFUSED), not is_first and gap_ms < 1000,
    ], dtype=np.float32)


@dataclass
class Client:
    """The record of a client."""

    last_at: int = 0
    first_second: int = 0
    count: int = 0
    windows: np.ndarray = field(default_factory=lambda: np.zeros((3, 16), dtype=np.float32))
    ring: list = field(default_factory=list)

    def add(self, o, now):
        is_first = self.count == 0
        gap = 0 if is_first else max(0, now - self.last_at)
        if all(entry.route != o.route for entry in self.ring):
            o.marks |= NEW_ROUTE
        added = counts_of(o, gap, is_first)
        for i, length in enumerate(LENGTHS):
            self.windows[i] = self.windows[i] * np.float32(math.exp(-gap / 1000.0 / length)) + added
        self.ring.append(Entry(o, gap))
        if len(self.ring) > RING:
            self.ring.pop(0)
        if is_first:
            self.first_second = now // 1000
        self.count += 1
        self.last_at = now
