"""The unit of training: windows of unique values, shuffled once, and which requests they belong to."""

from dataclasses import dataclass

import numpy as np

from .dataset import Dataset
from .features import windows
from .gate import WindowRows


@dataclass
class Windows:
    """Row r is window `text[r]`; `pairs_request[i]` contains row `pairs_row[i]`, sorted by request."""

    text: "list[bytes]"
    rows: WindowRows
    pairs_request: np.ndarray
    pairs_row: np.ndarray
    request_starts: np.ndarray
    requests: int

    def request_max(self, row_scores: np.ndarray) -> np.ndarray:
        """The highest row score of each request (lowest finite score for requests without rows)."""
        out = np.full(self.requests, row_scores.min() if len(row_scores) else 0.0)
        if len(self.pairs_row):
            best = np.maximum.reduceat(row_scores[self.pairs_row], self.request_starts)
            out[self.pairs_request[self.request_starts]] = best
        return out

    def request_argmax(self, row_scores: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
        """Requests that have rows, and the row with the highest score of each."""
        scores = row_scores[self.pairs_row]
        order = np.lexsort((scores, self.pairs_request))
        ends = np.append(self.request_starts[1:], len(self.pairs_row)) - 1
        last = order[ends]
        return self.pairs_request[last], self.pairs_row[last]


def build(data: Dataset, seed: int) -> Windows:
    """Cuts every value, shuffles the windows and hashes their n-grams."""
    text, flags, owner = [], [], []
    for value_id, value in enumerate(data.values):
        for window in windows(value):
            text.append(window)
            flags.append(data.flags[value_id])
            owner.append(value_id)
    order = np.random.default_rng(seed).permutation(len(text))
    position = np.empty(len(text), dtype=np.int64)
    position[order] = np.arange(len(text))
    owner = np.array(owner, dtype=np.int64)
    first = np.searchsorted(owner, np.arange(len(data.values) + 1))
    counts = np.diff(first)[data.refs]
    pair_request = np.repeat(np.repeat(np.arange(len(data)), np.diff(data.bounds)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    pair_row = position[np.repeat(first[data.refs], counts) + offsets]
    starts = np.flatnonzero(np.diff(pair_request, prepend=-1))
    rows = WindowRows([text[i] for i in order], np.array(flags)[order])
    return Windows([text[i] for i in order], rows, pair_request, pair_row, starts, len(data))
