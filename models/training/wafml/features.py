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
TOKEN_BASE = 1 << HASH_BITS  # buckets of byte n-grams, then as many of token n-grams
BUCKETS = 2 << HASH_BITS
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
    """Buckets of START + window + END (uint32): every 2..5-gram by position, then n; then the token n-grams, see `token_rows`."""
    data = np.frombuffer(bytes((START,)) + window + bytes((END,)), dtype=np.uint8)
    return hash_rows(data, np.array([0, len(data)]))[0]


def hash_rows(data: np.ndarray, bounds: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
    """Buckets of many byte strings laid end to end (sentinels included), and how many each has: those of bytes, then those of tokens."""
    lists = hash_positions(data, bounds)
    counts = [np.bincount(np.searchsorted(bounds, at, "right") - 1, minlength=len(bounds) - 1) for _, at in lists]
    (byte_buckets, _), (token_buckets, _) = lists
    out = np.empty(len(byte_buckets) + len(token_buckets), dtype=np.uint32)
    before = np.cumsum(counts[1]) - counts[1]
    out[np.arange(len(byte_buckets)) + np.repeat(before, counts[0])] = byte_buckets
    out[np.arange(len(token_buckets)) + np.repeat(np.cumsum(counts[0]), counts[1])] = token_buckets
    return out, counts[0] + counts[1]


def hash_positions(data: np.ndarray, bounds: np.ndarray) -> "tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]":
    """Buckets of the byte n-grams and of the token n-grams of framed strings laid end to end, each with the position where it begins."""
    data = _FOLD[data]
    return _byte_rows(data, bounds), token_rows(data, bounds)


def _byte_rows(data: np.ndarray, bounds: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
    size = len(data)
    left = np.repeat(bounds[1:], np.diff(bounds)) - np.arange(size)
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
    return np.stack(columns, axis=1)[keep], np.repeat(np.arange(size), keep.sum(axis=1))


# A token is a run of letters (and `_` and bytes beyond ASCII), a run of digits, or any other byte; spaces and plus signs only separate.
# Its exact form is the run's hash; its shape is the same for all runs of a kind. What an attack says changes, how it is built less.
WORD_PRIME = 0x01000193
WORD_INVERSE = pow(WORD_PRIME, -1, 1 << 32)
WORD, DIGITS, SINGLE, SPACE = 1, 2, 3, 0
WORD_SHAPE, DIGITS_SHAPE = 0x100, 0x101
_KIND = np.full(256, SINGLE, dtype=np.uint8)
_KIND[ord("a"):ord("z") + 1] = _KIND[ord("A"):ord("Z") + 1] = _KIND[ord("_")] = _KIND[0x80:] = WORD
_KIND[ord("0"):ord("9") + 1] = DIGITS
_KIND[ord(" ")] = _KIND[ord("+")] = SPACE
# Which of the tokens from a position on, exact (E) or by shape (S): the kinds of token n-grams, in the order in which they are written.
TOKEN_KINDS = ("E", "EE", "EEE", "SSS", "SSSS", "SSSSS", "ESS", "SSE")


def token_rows(data: np.ndarray, bounds: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
    """Buckets of the token n-grams of folded byte strings, ordered by token, then kind; and where the first token of each begins."""
    kind = _KIND[data]
    first = np.zeros(len(data), dtype=bool)
    first[bounds[:-1]] = True
    first[1:] |= (kind[1:] != kind[:-1]) | (kind[1:] == SINGLE)
    first &= kind != SPACE
    at = np.flatnonzero(first)
    exact, shape = _tokens(data, kind, at)
    row = np.searchsorted(bounds, at, "right") - 1
    counts = np.bincount(row, minlength=len(bounds) - 1)
    left = np.repeat(np.cumsum(counts), counts) - np.arange(len(at))
    columns, valid = [], []
    with np.errstate(over="ignore"):
        for number, letters in enumerate(TOKEN_KINDS):
            h = np.full(len(at), (FNV_OFFSET + number) & 0xFFFFFFFF, dtype=np.uint32)
            for step, letter in enumerate(letters):
                shifted = np.zeros(len(at), dtype=np.uint32)
                shifted[:max(0, len(at) - step)] = (exact if letter == "E" else shape)[step:]
                h = (h ^ shifted) * np.uint32(FNV_PRIME)
            h ^= h >> np.uint32(15)
            columns.append(((h * np.uint32(MIX)) >> np.uint32(32 - HASH_BITS)) + np.uint32(TOKEN_BASE))
            valid.append(left >= len(letters))
    keep = np.stack(valid, axis=1)
    return np.stack(columns, axis=1)[keep], np.repeat(at, keep.sum(axis=1))


def _tokens(data: np.ndarray, kind: np.ndarray, at: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
    """Exact form and shape of the tokens that begin at these places. A run's hash is the sum of byte times prime^offset."""
    size = len(data)
    with np.errstate(over="ignore"):
        powers = np.cumprod(np.append(np.uint32(1), np.full(max(0, size - 1), WORD_PRIME, np.uint32)), dtype=np.uint32)
        inverse = np.cumprod(np.append(np.uint32(1), np.full(max(0, size - 1), WORD_INVERSE, np.uint32)), dtype=np.uint32)
        sums = np.append(np.uint32(0), np.cumsum(np.where(kind == WORD, data, 0).astype(np.uint32) * powers, dtype=np.uint32))
        # A run ends where the kind changes or another token begins.
        is_break = np.append(kind[1:] != kind[:-1], True)
        is_break[at[1:] - 1] = True
        breaks = np.flatnonzero(is_break) + 1
        end = breaks[np.searchsorted(breaks, at, "right")]
        runs = (sums[end] - sums[at]) * inverse[at]
    exact = np.where(kind[at] == WORD, runs ^ np.uint32(MIX), np.where(kind[at] == DIGITS, DIGITS_SHAPE, data[at])).astype(np.uint32)
    shape = np.where(kind[at] == WORD, WORD_SHAPE, np.where(kind[at] == DIGITS, DIGITS_SHAPE, data[at])).astype(np.uint32)
    return exact, shape


def tokens(window: bytes, flags: int) -> "list[int]":
    """BOS, one token a flag, the bytes, EOS, padded to the next of LENGTH_BUCKETS."""
    ids = [BOS]
    ids += [FLAG_BASE + i for i in range(FLAGS) if flags >> i & 1]
    room = LENGTH_BUCKETS[-1] - len(ids) - 1
    ids += [BYTE_BASE + b for b in window[:room]]
    ids.append(EOS)
    length = next(b for b in LENGTH_BUCKETS if b >= len(ids))
    return ids + [PAD] * (length - len(ids))
