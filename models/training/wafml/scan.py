"""The scan statistic: the sum of n-gram weights in windows of several lengths at every offset of a value; the highest counts.

Harmless text beside an attack cannot cancel it, because some short window holds the attack and little else. `models/Features/GateScan.cs`
does the same; `models/Features/golden/values.jsonl` holds both equal.

A value has up to PLACES_MAX worst places that a network is asked about: each time the highest window of what is left, and the FOCUS_BYTES around it,
which are then taken out. One frightening place can therefore not hide another.

A value is framed (START, bytes, END). An n-gram belongs to the position where it begins, so a window's sum is a difference of prefix sums.
A window of length L counts as gain[L] * sum + offset[L]; a value of at most WHOLE_BYTES also as a whole: scale * sum / sqrt(its n-grams).
What a long value gains by its number of windows is taken off again: growth for each doubling beyond WHOLE_BYTES.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np

from .features import END, START, hash_positions

LENGTHS = (12, 16, 24, 40, 64, 104, 168, 240)
WHOLE = len(LENGTHS)  # the kind of a row that is a whole value
WHOLE_BYTES = 240
FOCUS_BYTES = 120
PLACES_MAX = 8
NGRAMS_A_BYTE = 7  # what a window of length L is taken to hold: 4 of bytes and about 3 of tokens at each position
CHUNK_BYTES = 4 << 20


class Hashed:
    """Buckets of framed values laid end to end, and where those of each position begin."""

    def __init__(self, values: "list[bytes]") -> None:
        frame_start, frame_end = bytes((START,)), bytes((END,))
        framed = [frame_start + v + frame_end for v in values]
        self.bounds = np.zeros(len(framed) + 1, dtype=np.int64)
        np.cumsum([len(f) for f in framed], out=self.bounds[1:])
        data = np.frombuffer(b"".join(framed), dtype=np.uint8)
        self.size = len(data)
        self.lists = []
        for buckets, positions in hash_positions(data, self.bounds):
            first = np.zeros(self.size + 1, dtype=np.int64)
            np.cumsum(np.bincount(positions, minlength=self.size), out=first[1:])
            self.lists.append((buckets, first))

    def prefix(self, weights: np.ndarray) -> np.ndarray:
        """Sum of the weights of all n-grams that begin before each position."""
        total = 0
        for buckets, first in self.lists:
            total = total + np.append(weights.dtype.type(0), np.cumsum(weights[buckets]))[first]
        return total

    def counts(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """How many n-grams begin between these positions."""
        return sum(first[end] - first[start] for _, first in self.lists)

    def gather(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Buckets of the n-grams that begin between these positions, window after window."""
        each = self.counts(start, end)
        out = np.empty(int(each.sum()), dtype=np.int32)
        at = np.cumsum(each) - each
        for buckets, first in self.lists:
            low, count = first[start], first[end] - first[start]
            within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            out[within + np.repeat(at, count)] = buckets[within + np.repeat(low, count)]
            at = at + count
        return out


@dataclass
class Best:
    """Of each value and each kind of window (the last: the whole value): its highest score and where that window begins (framed)."""

    score: np.ndarray  # [values, kinds], -inf where the value has no such window
    start: np.ndarray

    @property
    def highest(self) -> np.ndarray:
        return self.score.max(axis=1)


def chunks(values: "list[bytes]") -> "list[tuple[int, int]]":
    """Ranges of values of about CHUNK_BYTES."""
    out, first, size = [], 0, 0
    for i, value in enumerate(values):
        size += len(value)
        if size >= CHUNK_BYTES or i - first >= 100_000:
            out.append((first, i + 1))
            first, size = i + 1, 0
    if first < len(values):
        out.append((first, len(values)))
    return out


def best_windows(hashed: Hashed, weights: np.ndarray, scale: float, gains: np.ndarray, offsets: np.ndarray,
                 within: "tuple[np.ndarray, np.ndarray] | None" = None) -> Best:
    """The highest window of each kind. Without bias, flags and growth, which are the value's. `within`: of each value the positions (framed, in all
    values laid end to end) between which a window has to lie; no value counts as a whole then."""
    prefix = hashed.prefix(weights)
    low, high = within or (hashed.bounds[:-1], hashed.bounds[1:])
    length = high - low
    score = np.full((len(length), WHOLE + 1), -np.inf)
    start = np.zeros((len(length), WHOLE + 1), dtype=np.int64)
    for kind, window in enumerate(LENGTHS):
        mine = np.flatnonzero(length > window)
        if not len(mine):
            continue
        sums = prefix[window:] - prefix[:-window]
        top = _segment_max(sums, low[mine], high[mine] - window + 1)
        score[mine, kind] = gains[kind] * top + offsets[kind]
        # The first place of the maximum: positions that equal their value's highest, the earliest of each value.
        places = high[mine] - window + 1 - low[mine]
        owner = np.repeat(np.arange(len(mine)), places)
        at = np.arange(len(owner)) + np.repeat(low[mine] - (np.cumsum(places) - places), places)
        hits = np.flatnonzero(sums[at] == top[owner])
        first = hits[np.flatnonzero(np.diff(owner[hits], prepend=-1))]
        start[mine, kind] = at[first]
    if within is None:
        whole = np.flatnonzero(length <= WHOLE_BYTES + 2)
        total = prefix[high[whole]] - prefix[low[whole]]
        score[whole, WHOLE] = scale * total / np.sqrt(hashed.counts(low[whole], high[whole]))
    return Best(score, start)


def further_places(prefix: np.ndarray, length: int, first: "tuple[int, int]", gains: np.ndarray, offsets: np.ndarray,
                   total: "Callable[[float], float]", floor: float, most: int) -> "list[tuple[float, int, int]]":
    """Logit, first byte and byte behind the last of the worst places beside `first`, in falling order: at most `most`, none below `floor`.

    `prefix`: of this value alone, framed. `total`: a window's score with what the value adds.
    """
    def highest(low: int, high: int) -> "tuple[float, int, int, int, int]":
        best = (-np.inf, 0, 0, low, high)
        for kind, window in enumerate(LENGTHS):
            if window > high - low:
                break
            sums = prefix[low + window:high + 1] - prefix[low:high + 1 - window]
            at = int(np.argmax(sums))
            score = float(gains[kind]) * float(sums[at]) + float(offsets[kind])
            if score > best[0]:
                best = (score, low + at, kind, low, high)
        return best

    def around(low: int, high: int, taken: "tuple[int, int]") -> "list[tuple[float, int, int, int, int]]":
        """What is left of an interval on both sides of the bytes that are taken (framed: one more)."""
        sides = ((low, min(high, taken[0] + 1)), (max(low, taken[1] + 1), high))
        return [highest(*side) for side in sides if side[1] - side[0] >= LENGTHS[0]]

    left = around(0, length + 2, first)
    out = []
    while left and len(out) < most:
        index = max(range(len(left)), key=lambda i: left[i][0])  # the first of equals
        score, start, kind, low, high = left[index]
        if total(score) < floor:
            break
        place = focus(prefix, length, kind, start)
        out.append((total(score), *place))
        left[index:index + 1] = around(low, high, place)
    return out


def _segment_max(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Maximum of values[low:high] of each segment; segments are in order and do not overlap."""
    edges = np.stack((low, high), axis=1).ravel()
    padded = np.append(values, values.dtype.type(np.iinfo(values.dtype).min if values.dtype.kind == "i" else -np.inf))
    return np.maximum.reduceat(padded, np.minimum(edges, len(values)))[::2]


def doublings(length: "int | np.ndarray") -> "int | np.ndarray":
    """How often a value's length doubles WHOLE_BYTES: 0 below, 1 from 240, 2 from 480 bytes on."""
    if isinstance(length, np.ndarray):
        return np.ceil(np.log2(length // WHOLE_BYTES + 1)).astype(np.int64)
    return (length // WHOLE_BYTES).bit_length()


def focus(prefix: np.ndarray, length: int, kind: int, start: int) -> "tuple[int, int]":
    """The FOCUS_BYTES of a value around its worst window (of a longer window: its heaviest part), for the network. `prefix`: of this value alone."""
    if length <= FOCUS_BYTES:
        return 0, length
    window = length + 2 if kind == WHOLE else LENGTHS[kind]
    if window <= FOCUS_BYTES:
        at = start + window // 2 - FOCUS_BYTES // 2
    else:
        inner = prefix[start + FOCUS_BYTES:start + window + 1] - prefix[start:start + window - FOCUS_BYTES + 1]
        at = start + int(np.argmax(inner))
    at = min(max(at - 1, 0), length - FOCUS_BYTES)
    return at, at + FOCUS_BYTES
