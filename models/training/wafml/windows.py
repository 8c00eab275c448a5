"""The unit of training: windows of unique values, shuffled once, and which requests they belong to."""

from dataclasses import dataclass

import numpy as np

from .dataset import Dataset
from .features import WINDOW_STRIDE
from .gate import WindowRows
from .scan import LENGTHS, WHOLE, WHOLE_BYTES, Hashed, best_windows, chunks

STRIDED_MAX = 12  # windows of a long value while there is no gate that tells which matter
WORST = 1  # windows within a value, beside the whole


@dataclass
class Grouping:
    """Which request has which rows: request `pairs_request[i]` contains row `pairs_row[i]`, sorted by request."""

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


@dataclass
class Windows(Grouping):
    """Row r is window `text[r]` of a value."""

    text: "list[bytes]"
    rows: WindowRows


def by_value(data: Dataset) -> Grouping:
    """Requests and the values that they are made of; row i is value i."""
    request = np.repeat(np.arange(len(data)), np.diff(data.bounds))
    return Grouping(request, data.refs, np.flatnonzero(np.diff(request, prepend=-1)), len(data))


def build(data: Dataset, seed: int, gate=None) -> Windows:
    """Rows of all values in a seeded order: each short value as a whole, and of each its worst windows under `gate` (of long ones without a gate:
    some at equal distances)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data.values))
    values = [data.values[i] for i in order]
    found = {name: [] for name in ("owner", "kind", "start", "end", "indices", "counts")}
    for low, high in chunks(values):
        hashed = Hashed(values[low:high])
        owner, kind, start = _whole(hashed)
        inner = _strided(hashed, rng) if gate is None else _worst(hashed, gate)
        owner, kind, start = (np.concatenate(pair) for pair in zip((owner, kind, start), inner))
        by_owner = np.argsort(owner, kind="stable")
        owner, kind, start = owner[by_owner], kind[by_owner], start[by_owner]
        end = np.where(kind == WHOLE, hashed.bounds[owner + 1], start + np.append(LENGTHS, 0)[kind])
        found["indices"].append(hashed.gather(start, end))
        found["counts"].append(hashed.counts(start, end))
        first = hashed.bounds[owner] + 1
        for name, column in (("owner", owner + low), ("kind", kind), ("start", start - first), ("end", end - first)):
            found[name].append(column)
    merged = {name: np.concatenate(parts) for name, parts in found.items()}
    text = [values[o][max(0, s):e] for o, s, e in zip(merged["owner"], merged["start"], merged["end"])]
    owner = order[merged["owner"]]
    rows = WindowRows(merged["indices"], merged["counts"], merged["kind"].astype(np.int64), data.flags[owner])
    return Windows(*_pairs(data, merged["owner"], order), len(data), text, rows)


def _whole(hashed: Hashed) -> "tuple[np.ndarray, ...]":
    mine = np.flatnonzero(np.diff(hashed.bounds) <= WHOLE_BYTES + 2)
    return mine, np.full(len(mine), WHOLE), hashed.bounds[mine]


def _strided(hashed: Hashed, rng: np.random.Generator) -> "tuple[np.ndarray, ...]":
    owners, starts = [], []
    for i in np.flatnonzero(np.diff(hashed.bounds) > WHOLE_BYTES + 2):
        low, last = hashed.bounds[i], hashed.bounds[i + 1] - LENGTHS[-1]
        at = np.append(np.arange(low, last, WINDOW_STRIDE), last)
        if len(at) > STRIDED_MAX:
            at = np.sort(rng.choice(at, STRIDED_MAX, replace=False))
        owners.append(np.full(len(at), i))
        starts.append(at)
    owner = np.concatenate(owners) if owners else np.zeros(0, np.int64)
    return owner, np.full(len(owner), WHOLE - 1), np.concatenate(starts) if starts else np.zeros(0, np.int64)


def _worst(hashed: Hashed, gate) -> "tuple[np.ndarray, ...]":
    weights = gate.weights.astype(np.int64 if gate.weights.dtype.kind == "i" else np.float64)
    best = best_windows(hashed, weights, float(gate.scale), gate.gains.astype(float), gate.offsets.astype(float))
    inner = best.score[:, :WHOLE]
    top = np.argsort(-inner, axis=1, kind="stable")[:, :WORST]
    owner = np.repeat(np.arange(len(inner)), WORST)
    kind = top.ravel()
    keep = np.isfinite(inner[owner, kind])
    owner, kind = owner[keep], kind[keep]
    return owner, kind, best.start[owner, kind]


def _pairs(data: Dataset, position: np.ndarray, order: np.ndarray) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Which request has which row. `position`: of each row's value in `order`, ascending."""
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    first = np.searchsorted(position, np.arange(len(order) + 1))
    refs = rank[data.refs]
    counts = np.diff(first)[refs]
    request = np.repeat(np.repeat(np.arange(len(data)), np.diff(data.bounds)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row = np.repeat(first[refs], counts) + offsets
    return request, row, np.flatnonzero(np.diff(request, prepend=-1))
