"""The gate: a linear model over hashed n-grams of bytes and tokens, scanned along a value; its file format and its exact score."""

import math
import struct
from dataclasses import dataclass, field

import numpy as np

from .features import BUCKETS, HASH_BITS, NGRAM_MAX, NGRAM_MIN
from .normalize import FLAGS
from .scan import FOCUS_BYTES, LENGTHS, NGRAMS_A_BYTE, PLACES_MAX, WHOLE, Best, Hashed, best_windows, chunks, doublings, focus, further_places

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
        """The logit, and the bytes that the network is asked about first."""
        logit, start, end = self.places(value, flags)[0]
        return logit, (start, end)

    def places(self, value: bytes, flags: int, floor: float = -math.inf) -> "list[tuple[float, int, int]]":
        """The worst place and what else is no lower than `floor`: logit, first byte, byte behind the last. One more than a network is asked about,
        which counts by the gate alone."""
        owner, logits, start, end = self.scan_places([value], np.array([flags]), floor)
        return [(float(z), int(a), int(b)) for z, a, b in zip(logits, start, end)]

    def scan(self, values: "list[bytes]", flags: np.ndarray) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """Of many values: logits, and where the network is to look (first byte, byte behind the last)."""
        return scan(self, values, flags)

    def scan_places(self, values: "list[bytes]", flags: np.ndarray, floor: float = -math.inf) -> "tuple[np.ndarray, ...]":
        """Of many values: all places, see `scan_places` below."""
        return scan_places(self, values, flags, floor)


def scan(model, values: "list[bytes]", flags: np.ndarray, with_focus: bool = True) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Logits of values under a Gate or a GateTrainer, and the bytes of the worst place of each."""
    _, logits, start, end = scan_places(model, values, flags, most=0, with_focus=with_focus)
    return logits, start, end


def scan_places(model, values: "list[bytes]", flags: np.ndarray, floor: float = -math.inf, most: int = PLACES_MAX,
                with_focus: bool = True) -> "tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]":
    """Of values under a Gate or a GateTrainer all places: which value, logit, first byte, byte behind the last. The worst place of each value is there;
    up to `most` more where their logit is no lower than `floor`. In the order of values, then falling."""
    weights = model.weights.astype(np.int64 if model.weights.dtype.kind == "i" else np.float64)
    gains, offsets = model.gains.astype(float), model.offsets.astype(float)
    lengths = np.array([len(v) for v in values], dtype=np.int64)
    of_flags = flag_sums(flags, model.flag_weights)
    lost = float(model.growth) * doublings(lengths)

    def total(score, i):
        """In the order in which the other side adds."""
        return score + float(model.bias) + of_flags[i] - lost[i]

    out = []
    for low, high in chunks(values):
        hashed = Hashed(values[low:high])
        best = best_windows(hashed, weights, float(model.scale), gains, offsets)
        top = best.highest
        if not with_focus:
            out += [(i, total(top[i - low], i), 0, lengths[i]) for i in range(low, high)]
            continue
        kinds = np.argmax(best.score[:, [WHOLE, *range(WHOLE)]], axis=1) - 1  # the first of equals, as the other side finds it
        prefix = hashed.prefix(weights)
        for i in range(low, high):
            length = int(lengths[i])
            if length <= FOCUS_BYTES:
                out.append((i, total(top[i - low], i), 0, length))
                continue
            first, behind = hashed.bounds[i - low], hashed.bounds[i - low + 1]
            mine = prefix[first:behind + 1]
            kind = WHOLE if kinds[i - low] < 0 else int(kinds[i - low])
            at = 0 if kind == WHOLE else int(best.start[i - low, kind] - first)
            place = focus(mine, length, kind, at)
            out.append((i, total(top[i - low], i), *place))
            if most and out[-1][1] >= floor:
                out += [(i, *more) for more in further_places(mine, length, place, gains, offsets, lambda score, i=i: total(score, i), floor, most)]
    owner, logits, start, end = zip(*out) if out else ((), (), (), ())
    return np.array(owner, dtype=np.int64), np.array(logits, dtype=np.float64), np.array(start, dtype=np.int64), np.array(end, dtype=np.int64)


def flag_sums(flags: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What the flags of each value weigh, added in their order."""
    out = np.zeros(len(flags))
    for i in range(FLAGS):
        out += np.where(np.asarray(flags, dtype=np.int64) >> i & 1, float(weights[i]), 0.0)
    return out


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
