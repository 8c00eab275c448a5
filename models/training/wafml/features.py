"""Features of a normalised value: windows, hashed n-grams for the gate, tokens for the convolutional networks.

`models/Features/{GateModel,CnnTokenizer}.cs` implement the same; `models/Features/golden` holds both equal.
"""

import numpy as np

from .normalize import FLAGS

WINDOW_BYTES = 240
WINDOW_STRIDE = 160
NGRAM_MIN = 2
NGRAM_MAX = 5
HASH_BITS = 18
BUCKETS = 1 << HASH_BITS
START, END = 0x02, 0x03
FNV_OFFSET = 0x811C9DC5
FNV_PRIME = 0x01000193
MIX = 0x9E3779B1

PAD, BOS, EOS = 0, 1, 2
BYTE_BASE = 3
FLAG_BASE = BYTE_BASE + 256
VOCABULARY = FLAG_BASE + FLAGS
LENGTH_BUCKETS = (16, 32, 48, 64, 96, 128, 192, 256)


def windows(value: bytes) -> "list[bytes]":
    """A value in overlapping windows; the last one is the tail. One window when it fits."""
    if len(value) <= WINDOW_BYTES:
        return [value]
    out = []
    start = 0
    while start + WINDOW_BYTES < len(value):
        out.append(value[start:start + WINDOW_BYTES])
        start += WINDOW_STRIDE
    out.append(value[len(value) - WINDOW_BYTES:])
    return out


# Every digit hashes as 0: which number it is says nothing, that there is one does.
_FOLD = np.arange(256, dtype=np.uint8)
_FOLD[ord("0"):ord("9") + 1] = ord("0")


def ngram_indices(window: bytes) -> np.ndarray:
    """Bucket of every 2..5-gram of START + window + END, ordered by position, then n (uint32)."""
    data = np.frombuffer(bytes((START,)) + window + bytes((END,)), dtype=np.uint8)
    return hash_rows(data, np.array([0, len(data)]))[0]


def hash_rows(data: np.ndarray, bounds: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
    """Buckets of many byte strings laid end to end (sentinels included), and how many each has."""
    data = _FOLD[data]
    size = len(data)
    lengths = np.diff(bounds)
    left = np.repeat(bounds[1:], lengths) - np.arange(size)
    columns = []
    valid = []
    with np.errstate(over="ignore"):
        h = np.full(size, FNV_OFFSET, dtype=np.uint32)
        for n in range(1, NGRAM_MAX + 1):
            shifted = np.zeros(size, dtype=np.uint32)
            shifted[:max(0, size - n + 1)] = data[n - 1:]
            h = (h ^ shifted) * np.uint32(FNV_PRIME)
            if n >= NGRAM_MIN:
                columns.append((h * np.uint32(MIX)) >> np.uint32(32 - HASH_BITS))
                valid.append(left >= n)
    keep = np.stack(valid, axis=1)
    counts = np.add.reduceat(keep.sum(axis=1), bounds[:-1]) if size else np.zeros(len(lengths), dtype=np.int64)
    return np.stack(columns, axis=1)[keep], counts


def tokens(window: bytes, flags: int) -> "list[int]":
    """BOS, one token a flag, the bytes, EOS, padded to the next of LENGTH_BUCKETS."""
    ids = [BOS]
    ids += [FLAG_BASE + i for i in range(FLAGS) if flags >> i & 1]
    room = LENGTH_BUCKETS[-1] - len(ids) - 1
    ids += [BYTE_BASE + b for b in window[:room]]
    ids.append(EOS)
    length = next(b for b in LENGTH_BUCKETS if b >= len(ids))
    return ids + [PAD] * (length - len(ids))
