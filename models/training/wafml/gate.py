"""The gate: a linear model over hashed n-grams of bytes and tokens, scanned along a value; its file format and its exact score."""

import math
import struct
from dataclasses import dataclass, field

import numpy as np

from .features import BUCKETS, HASH_BITS, NGRAM_MAX, NGRAM_MIN
from .normalize import FLAGS
from .scan import LENGTHS, NGRAMS_A_BYTE, WHOLE, Best, Hashed, best_windows, chunks, doublings, focus

MAGIC = b"WAFGATE3"
HEAD = struct.Struct("<8s5I3f")
WINDOW = struct.Struct("<I2f")
NORMS = np.sqrt(NGRAMS_A_BYTE * np.array(LENGTHS, dtype=np.float64))


@dataclass
class Gate:
    """Quantised weights. Windows and values are scored as scan.py says; bias, flag weights and growth are added for the value."""

    weights: np.ndarray  # int8, BUCKETS
    flag_weights: np.ndarray  # float32, FLAGS; none is below zero, as whoever wants a flag can have it
    bias: np.float32
    scale: np.float32
    gains: np.ndarray = field(default_factory=lambda: np.ones(WHOLE, np.float32))
    offsets: np.ndarray = field(default_factory=lambda: np.zeros(WHOLE, np.float32))
    growth: np.float32 = np.float32(0)

    def to_bytes(self) -> bytes:
        head = HEAD.pack(MAGIC, HASH_BITS, NGRAM_MIN, NGRAM_MAX, FLAGS, WHOLE, self.scale, self.bias, self.growth)
        lengths = b"".join(WINDOW.pack(*row) for row in zip(LENGTHS, self.gains, self.offsets))
        return head + lengths + self.flag_weights.astype("<f4").tobytes() + self.weights.astype("i1").tobytes()

    @staticmethod
    def from_bytes(data: bytes) -> "Gate":
        if data[:8] != MAGIC:
            raise ValueError("not a gate weights file (magic WAFGATE3 missing)")
        _, bits, low, high, flags, lengths, scale, bias, growth = HEAD.unpack_from(data)
        if (bits, low, high, flags, lengths) != (HASH_BITS, NGRAM_MIN, NGRAM_MAX, FLAGS, WHOLE):
            raise ValueError(f"gate features differ: {(bits, low, high, flags, lengths)}")
        at = HEAD.size + WHOLE * WINDOW.size
        if len(data) != at + 4 * FLAGS + BUCKETS:
            raise ValueError(f"gate weights file has {len(data)} bytes")
        rows = list(WINDOW.iter_unpack(data[HEAD.size:at]))
        if tuple(row[0] for row in rows) != LENGTHS:
            raise ValueError(f"gate windows differ: {[row[0] for row in rows]}")
        gains, offsets = (np.array([row[i] for row in rows], dtype=np.float32) for i in (1, 2))
        return Gate(np.frombuffer(data, "i1", BUCKETS, at + 4 * FLAGS), np.frombuffer(data, "<f4", FLAGS, at), np.float32(bias), np.float32(scale),
                    gains, offsets, np.float32(growth))

    def logit(self, value: bytes, flags: int) -> float:
        """The logit of a normalised value in double precision, as GateModel.Logit computes it."""
        return self.look(value, flags)[0]

    def look(self, value: bytes, flags: int) -> "tuple[float, tuple[int, int]]":
        """The logit, and the bytes that the network is asked about."""
        hashed = Hashed([value])
        best = best_windows(hashed, self.weights.astype(np.int64), float(self.scale), self.gains.astype(float), self.offsets.astype(float))
        order = (WHOLE, *range(WHOLE))  # the first of equals, as the other side finds it
        kind = max(order, key=lambda k: best.score[0, k])
        flag_sum = 0.0
        for i in range(FLAGS):
            if flags >> i & 1:
                flag_sum += float(self.flag_weights[i])
        logit = float(best.score[0, kind]) + float(self.bias) + flag_sum - float(self.growth) * doublings(len(value))
        return logit, focus(hashed.prefix(self.weights.astype(np.int64)), len(value), kind, int(best.start[0, kind]))

    def scan(self, values: "list[bytes]", flags: np.ndarray) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """Of many values: logits, and where the network is to look (first byte, byte behind the last)."""
        return scan(self, values, flags)


def scan(model, values: "list[bytes]", flags: np.ndarray, with_focus: bool = True) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Logits of values under a Gate or a GateTrainer, and the bytes for the network."""
    weights = model.weights.astype(np.int64 if model.weights.dtype.kind == "i" else np.float64)
    logits = np.zeros(len(values))
    start, end = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    gains, offsets = model.gains.astype(float), model.offsets.astype(float)
    for low, high in chunks(values):
        hashed = Hashed(values[low:high])
        best = best_windows(hashed, weights, float(model.scale), gains, offsets)
        logits[low:high] = best.highest
        if with_focus:
            _focus(values, hashed, best, weights, low, start, end)
    lengths = np.array([len(v) for v in values], dtype=np.int64)
    logits += float(model.bias) + flag_matrix(flags) @ model.flag_weights.astype(np.float64) - float(model.growth) * doublings(lengths)
    return logits, start, end


def _focus(values, hashed: Hashed, best: Best, weights: np.ndarray, low: int, start: np.ndarray, end: np.ndarray) -> None:
    kinds = np.argmax(best.score[:, [WHOLE, *range(WHOLE)]], axis=1) - 1
    prefix = hashed.prefix(weights)
    for i, kind in enumerate(kinds):
        first = hashed.bounds[i]
        kind = WHOLE if kind < 0 else kind
        at = best.start[i, kind] if kind != WHOLE else first
        start[low + i], end[low + i] = focus(prefix[first:hashed.bounds[i + 1] + 1], len(values[low + i]), kind, int(at - first))


def flag_matrix(flags: np.ndarray) -> np.ndarray:
    return ((np.asarray(flags, dtype=np.int64)[:, None] >> np.arange(FLAGS)) & 1).astype(np.float32)


class WindowRows:
    """Hashed n-grams of windows as one flat index array with row bounds; `kind` is an index in LENGTHS, or WHOLE."""

    def __init__(self, indices: np.ndarray, counts: np.ndarray, kind: np.ndarray, flags: np.ndarray):
        self.indices, self.counts, self.kind = indices, counts, kind
        self.bounds = np.zeros(len(counts) + 1, dtype=np.int64)
        np.cumsum(counts, out=self.bounds[1:])
        self.flags = np.asarray(flags, dtype=np.int64)
        self.root = np.where(kind == WHOLE, np.sqrt(np.maximum(counts, 1)), np.append(NORMS, 1.0)[kind])

    def reduce(self, weights: np.ndarray) -> np.ndarray:
        """Sum of the weights of each row's n-grams."""
        out = np.zeros(len(self.counts), dtype=weights.dtype)
        step = 50000
        for at in range(0, len(out), step):
            end = min(at + step, len(out))
            low, high = self.bounds[at], self.bounds[end]
            if high > low:
                out[at:end] = np.add.reduceat(weights[self.indices[low:high]], self.bounds[at:end] - low)
        return out

    def dense(self) -> np.ndarray:
        """Flags and window lengths, one column each."""
        return np.concatenate([flag_matrix(self.flags), np.eye(WHOLE + 1, WHOLE, dtype=np.float32)[self.kind]], axis=1)


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
