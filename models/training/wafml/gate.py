"""The gate: a linear model over hashed n-grams of bytes and tokens, its file format and its exact score."""

import math
import struct
from dataclasses import dataclass

import numpy as np

from .features import (BUCKETS, END, HASH_BITS, NGRAM_MAX, NGRAM_MIN, START, hash_rows, windows)
from .normalize import FLAGS

MAGIC = b"WAFGATE2"


@dataclass
class Gate:
    """Quantised weights. A window's logit is scale * sum(weights) / sqrt(n-grams) + bias + flag weights."""

    weights: np.ndarray  # int8, BUCKETS
    flag_weights: np.ndarray  # float32, FLAGS
    bias: np.float32
    scale: np.float32

    def to_bytes(self) -> bytes:
        head = MAGIC + struct.pack("<4I2f", HASH_BITS, NGRAM_MIN, NGRAM_MAX, FLAGS, self.scale, self.bias)
        return head + self.flag_weights.astype("<f4").tobytes() + self.weights.astype("i1").tobytes()

    @staticmethod
    def from_bytes(data: bytes) -> "Gate":
        if data[:8] != MAGIC:
            raise ValueError("not a gate weights file (magic WAFGATE2 missing)")
        bits, low, high, flags, scale, bias = struct.unpack_from("<4I2f", data, 8)
        if (bits, low, high, flags) != (HASH_BITS, NGRAM_MIN, NGRAM_MAX, FLAGS):
            raise ValueError(f"gate features differ: {(bits, low, high, flags)}")
        if len(data) != 32 + 4 * FLAGS + BUCKETS:
            raise ValueError(f"gate weights file has {len(data)} bytes")
        return Gate(np.frombuffer(data, "i1", BUCKETS, 32 + 4 * FLAGS), np.frombuffer(data, "<f4", FLAGS, 32),
                    np.float32(bias), np.float32(scale))

    def logit(self, value: bytes, flags: int) -> float:
        """The highest of the value's windows, in double precision, as GateModel.Logit computes it."""
        best = max(self._window(w) for w in windows(value))
        flag_sum = 0.0
        for i in range(FLAGS):
            if flags >> i & 1:
                flag_sum += float(self.flag_weights[i])
        return best + float(self.bias) + flag_sum

    def _window(self, window: bytes) -> float:
        data = np.frombuffer(bytes((START,)) + window + bytes((END,)), dtype=np.uint8)
        indices, _ = hash_rows(data, np.array([0, len(data)]))
        return float(self.scale) * int(self.weights[indices].astype(np.int64).sum()) / math.sqrt(len(indices))

    def logits(self, rows: "WindowRows") -> np.ndarray:
        """Logits of many windows at once."""
        sums = rows.reduce(self.weights.astype(np.int64))
        flags = rows.flag_matrix() @ self.flag_weights.astype(np.float64)
        return float(self.scale) * sums / np.sqrt(rows.counts) + float(self.bias) + flags


class WindowRows:
    """Hashed n-grams of many windows as one flat index array with row bounds."""

    def __init__(self, window_list: "list[bytes]", flags: np.ndarray, chunk: int = 20000):
        parts, counts = [], []
        frame_start, frame_end = bytes((START,)), bytes((END,))
        for at in range(0, len(window_list), chunk):
            framed = [frame_start + w + frame_end for w in window_list[at:at + chunk]]
            bounds = np.zeros(len(framed) + 1, dtype=np.int64)
            np.cumsum([len(f) for f in framed], out=bounds[1:])
            indices, count = hash_rows(np.frombuffer(b"".join(framed), dtype=np.uint8), bounds)
            parts.append(indices.astype(np.int32))
            counts.append(count)
        self.indices = np.concatenate(parts) if parts else np.zeros(0, np.int32)
        self.counts = np.concatenate(counts) if counts else np.zeros(0, np.int64)
        self.bounds = np.zeros(len(self.counts) + 1, dtype=np.int64)
        np.cumsum(self.counts, out=self.bounds[1:])
        self.flags = np.asarray(flags, dtype=np.int64)

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

    def flag_matrix(self) -> np.ndarray:
        return ((self.flags[:, None] >> np.arange(FLAGS)) & 1).astype(np.float64)
