"""Requests as arrays: unique normalised values once, and for each request the values it is made of."""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import numpy as np

from .normalize import is_plain, normalize
from .parts import navigates, parts
from .readers import Rejects, reader_for

MISSING_MAX = 0.02
OUTLIER_SIGMA = 3.0
IMBALANCE_MAX = 20.0


@dataclass
class Dataset:
    """`values[i]` with `flags[i]`; request r has values `refs[bounds[r]:bounds[r+1]]` (plain ones left out)."""

    values: "list[bytes]"
    flags: np.ndarray
    refs: np.ndarray
    kinds: np.ndarray
    bounds: np.ndarray
    label: np.ndarray
    hard: np.ndarray
    source: np.ndarray
    attack: np.ndarray
    uri: "list[str]"
    quality: dict
    digest: str

    def __len__(self) -> int:
        return len(self.label)


KINDS = ("path", "query", "form", "json", "xml", "multipart", "body", "cookie", "header", "name")


def load(paths: "list[Path]", limit: int = 0, echo=print) -> Dataset:
    """Reads, checks and normalises. `limit` keeps only every n-th record so that tests and trials are quick."""
    started = time.monotonic()
    rejects = Rejects()
    ids: "dict[tuple[bytes, int], int]" = {}
    memo: "dict[tuple[bytes, bool], int]" = {}
    refs, kinds, bounds, label, hard, source, attack, uri = [], [], [0], [], [], [], [], []
    seen = 0
    digest = hashlib.sha256()
    now = datetime.now(timezone.utc)
    for path in paths:
        digest.update(path.read_bytes())
        for index, request in enumerate(reader_for(path).read(path, rejects)):
            seen += 1
            if limit and index % limit:
                continue
            if request.when and _in_future(request.when, now):
                rejects["future date"] += 1
                continue
            for part in parts(request):
                key = (part.value, part.kind == "name")
                value_id = memo.get(key)
                if value_id is None:
                    normalized, flags = normalize(part.value)
                    is_skipped = is_plain(normalized, flags) and part.kind != "name"
                    value_id = memo[key] = -1 if is_skipped else ids.setdefault((normalized, flags), len(ids))
                if value_id >= 0:
                    refs.append(value_id)
                    kinds.append(KINDS.index(part.kind))
            bounds.append(len(refs))
            label.append(request.label)
            hard.append(request.hard)
            source.append(request.source)
            attack.append(request.attack or "")
            uri.append(request.uri[:200])
            if len(label) % 50000 == 0:
                echo(f"  {len(label):,} requests, {len(ids):,} values, {time.monotonic() - started:.0f} s")
    quality = check(seen, rejects, np.array(label), np.diff(bounds))
    quality["seconds"] = round(time.monotonic() - started, 1)
    return Dataset([v for v, _ in ids], np.array([f for _, f in ids], dtype=np.int32), np.array(refs, dtype=np.int32),
                   np.array(kinds, dtype=np.int8), np.array(bounds, dtype=np.int64), np.array(label, dtype=np.int8),
                   np.array(hard, dtype=np.int16), np.array(source, dtype=object), np.array(attack, dtype=object), uri, quality, digest.hexdigest())


def thinned(data: Dataset, most: int, seed: int) -> "tuple[Dataset, np.ndarray]":
    """At most so many requests of each source, and which of the requests they are; values of none of them are left out."""
    rng = np.random.default_rng(seed)
    kept = np.ones(len(data), bool)
    for name in sorted(set(data.source)):
        mine = np.flatnonzero(data.source == name)
        kept[rng.permutation(mine)[most:]] = False
    rows = np.flatnonzero(kept)
    sizes = np.diff(data.bounds)
    chosen = np.repeat(kept, sizes)
    used, refs = np.unique(data.refs[chosen], return_inverse=True)
    bounds = np.append(0, np.cumsum(sizes[rows]))
    return Dataset([data.values[i] for i in used], data.flags[used], refs.astype(np.int32), data.kinds[chosen], bounds, data.label[rows], data.hard[rows], data.source[rows],
                   data.attack[rows], [data.uri[i] for i in rows], data.quality, data.digest), rows


def append_values(data: Dataset, values: "list[bytes]", label: int, source: "list[str]", attack: "list[str]") -> Dataset:
    """The data set with one more request for each raw value (a single part); plain values are left out
    unless they could be names that navigate."""
    ids = {(v, int(f)): i for i, (v, f) in enumerate(zip(data.values, data.flags))}
    refs, sources, attacks, uri = [], [], [], []
    for value, origin, family in zip(values, source, attack):
        normalized, flags = normalize(value)
        if not is_plain(normalized, flags) or navigates(normalized):
            refs.append(ids.setdefault((normalized, flags), len(ids)))
            sources.append(origin)
            attacks.append(family)
            uri.append(value.decode("utf-8", "replace")[:200])
    count = len(refs)
    keys = list(ids)
    return Dataset([v for v, _ in keys], np.array([f for _, f in keys], dtype=np.int32), np.append(data.refs, np.array(refs, np.int32)),
                   np.append(data.kinds, np.full(count, KINDS.index("form"), np.int8)), np.append(data.bounds, data.bounds[-1] + 1 + np.arange(count)),
                   np.append(data.label, np.full(count, label, np.int8)), np.append(data.hard, np.zeros(count, np.int16)),
                   np.append(data.source, np.array(sources, dtype=object)), np.append(data.attack, np.array(attacks, dtype=object)), data.uri + uri, data.quality, data.digest)


def check(seen: int, rejects: Rejects, label: np.ndarray, part_counts: np.ndarray) -> dict:
    """The quality gates. Raises ValueError with the numbers when the data must not be trained on."""
    missing = rejects["missing field"] + rejects["not JSON"] + rejects["schema"]
    total = seen + sum(rejects.values()) - rejects["future date"]
    share = missing / max(1, total)
    if share >= MISSING_MAX:
        raise ValueError(f"{share:.1%} of the records miss fields (limit {MISSING_MAX:.0%}): {dict(rejects)}")
    positives = int(label.sum())
    negatives = len(label) - positives
    ratio = max(positives, negatives) / max(1, min(positives, negatives))
    if ratio > IMBALANCE_MAX:
        raise ValueError(f"classes are imbalanced {ratio:.1f}:1 (limit {IMBALANCE_MAX}:1)")
    mean, sigma = float(part_counts.mean()), float(part_counts.std())
    return {"records": seen, "rejects": dict(rejects), "missing": share, "positives": positives, "negatives": negatives,
            "imbalance": ratio, "partsMean": mean, "partsMax3Sigma": mean + OUTLIER_SIGMA * sigma,
            "outliers": int((part_counts > mean + OUTLIER_SIGMA * sigma).sum())}


def _in_future(when: str, now: datetime) -> bool:
    for parse in (datetime.fromisoformat, lambda t: datetime.strptime(t, "%d/%b/%Y:%H:%M:%S %z"), parsedate_to_datetime):
        try:
            time_of = parse(when)
            return (time_of if time_of.tzinfo else time_of.replace(tzinfo=timezone.utc)) > now
        except (ValueError, TypeError):
            continue
    return False
