"""Judging on what training never saw: real files of held-out packages, and attacks of left-out sources beside harmless text."""

import random
import zlib
from dataclasses import dataclass, field
from typing import Callable

import numpy as np

from . import carriers, padding, release
from .content import PROGRAMS, File
from .looks import Looks, ask, look
from .loso import pooled
from .metrics import threshold_at
from .normalize import is_plain, normalize
from .report import table
from .scan import doublings

Score = Callable[["list[bytes]", np.ndarray], np.ndarray]  # normalised values and their flags to log-odds or logits

SIZES = (("line", 20, 200), ("paragraph", 200, 2_000), ("page", 2_000, 20_000), ("file", 20_000, 300_000))
PADDINGS = (20, 60, 160, 1_000, 10_000, 100_000)
PLACES = ("before", "after", "both sides")
PIECES_A_FILE = 2
PIECES_A_CELL = 150  # of a kind and size
FILES_A_CELL = 60
LONG_PADDINGS_SHARE = 3  # one attack in so many is judged beside the longest texts


def pieces(files: "list[File]", seed: int) -> "dict[tuple[str, str], list[bytes]]":
    """Of held-out files by kind and size: whole lines of text, pieces, whole files."""
    rng = random.Random(seed)
    found: "dict[tuple[str, str], list[bytes]]" = {}
    for file in files:
        if not file.held_out:
            continue
        for name, low, high in SIZES:
            mine = found.setdefault((file.kind, name), [])
            if name == "file":
                if len(file.data) >= low:
                    mine.append(file.data)
                continue
            for _ in range(PIECES_A_FILE):
                if len(file.data) < low:
                    break
                length = min(len(file.data), padding.size(rng, low, high))
                at = rng.randrange(len(file.data) - length + 1)
                at = at if file.kind == "binary" or name == "line" else file.data.find(b"\n", at, at + 300) + 1 or at
                piece = file.data[at:at + length]
                if name == "line":
                    piece = max(piece.split(b"\n"), key=len).strip() if file.kind != "binary" else piece
                if len(piece) >= 20:
                    mine.append(piece)
    return {(kind, size): rng.sample(mine, min(len(mine), FILES_A_CELL if size == "file" else PIECES_A_CELL)) for (kind, size), mine in found.items()}


def scores(values: "list[bytes]", score: Score, batch: int = 2_000) -> np.ndarray:
    """Of raw values; plain ones count as the lowest."""
    out = np.full(len(values), -30.0)
    for at in range(0, len(values), batch):
        normal = [normalize(v) for v in values[at:at + batch]]
        keep = [i for i, (v, f) in enumerate(normal) if not is_plain(v, f)]
        if keep:
            out[at + np.array(keep)] = score([normal[i][0] for i in keep], np.array([normal[i][1] for i in keep]))
    return out


def content_table(files: "list[File]", score: Score, limits: "dict[str, float]", seed: int = 5) -> str:
    """Share of the pieces that lie over each limit, by kind and size."""
    rows, groups = [], {True: [], False: []}
    for (kind, size), values in sorted(pieces(files, seed).items()):
        if not values:
            continue
        z = scores(values, score)
        groups[kind in PROGRAMS].append(z)
        rows.append([kind, size, len(values), *(float((z > limit).mean()) for limit in limits.values())])
    for is_program, parts in groups.items():
        if parts:
            z = np.concatenate(parts)
            rows.append(["**programs**" if is_program else "**texts, data, binary**", "all", len(z), *(float((z > limit).mean()) for limit in limits.values())])
    return table(["kind", "size", "pieces", *(f"over {name}" for name in limits)], rows)


def is_judged(file: File) -> bool:
    """A third of the held-out packages tells how calm long values have to be made; the others judge."""
    return zlib.crc32(file.package.encode()) % 3 != 0


def drawn(values: "list[bytes]", groups: "list[str]", families: "list[str]", count: int, skip: int, seed: int) -> "tuple[list[bytes], list[str]]":
    """`count` values and their families, groups in turn, so that none is drawn from more than need be; behind the first `skip` of that order."""
    order = np.random.default_rng(seed).permutation(len(values))
    nth: "dict[str, int]" = {}
    turn = np.zeros(len(values))
    for i in order:
        turn[i] = nth.get(groups[i], 0)
        nth[groups[i]] = nth.get(groups[i], 0) + 1
    order = order[np.argsort(turn[order], kind="stable")][skip:skip + count]
    return [values[i] for i in order], [families[i] for i in order]


@dataclass
class Judged:
    """Places of values with their lengths."""

    looks: Looks
    doublings: np.ndarray

    def scores(self, share: float, growth: float) -> np.ndarray:
        shifted = self.looks.shifted(-growth * self.doublings)
        return shifted.highest(shifted.joined(share, -np.inf), len(self.doublings))


def judged(values: "list[bytes]", gate, network, floor: float) -> Judged:
    """Of raw values."""
    normal = [normalize(v) for v in values]
    keep = np.array([i for i, (v, f) in enumerate(normal) if not is_plain(v, f)], dtype=np.int64)
    texts, flags = [normal[i][0] for i in keep], np.array([normal[i][1] for i in keep], dtype=np.int64)
    found = ask(look(gate, texts, flags, floor), network, texts, flags, floor)
    size = np.array([doublings(len(v)) for v, _ in normal])
    return Judged(Looks(keep[found.owner], found.gate, found.start, found.end, found.network), size)


def padded_looks(attacks: "list[bytes]", files: "list[File]", gate, network, floor: float, seed: int) -> "dict[int, Judged]":
    """By bytes of harmless text, 0 for none."""
    rng = random.Random(seed)
    texts = padding.fillers(files, [], seed, 300)
    out = {0: judged(attacks, gate, network, floor)}
    for length in PADDINGS:
        mine = attacks if length <= 10_000 else attacks[::LONG_PADDINGS_SHARE]
        out[length] = judged([beside(v, rng.choice(PLACES), rng.choice(texts), length, rng) for v in mine], gate, network, floor)
    return out


def content_looks(files: "list[File]", gate, network, floor: float) -> "dict[tuple[bool, str], Judged]":
    """Pieces of files by whether they are programs, and by size."""
    merged: "dict[tuple[bool, str], list[bytes]]" = {}
    for (kind, size), values in sorted(pieces(files, 5).items()):
        merged.setdefault((kind in PROGRAMS, size), []).extend(values)
    return {key: judged(values, gate, network, floor) for key, values in merged.items() if values}


@dataclass
class Calm:
    growth: float
    share: float
    table: str


GROWTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
RATE = 0.005


def tune(corpus, looks: "dict[str, Looks]", folds, real: np.ndarray, sides: "list[dict[int, Judged]]", texts: "dict[tuple[bool, str], Judged]",
         shares: "tuple[float, ...]" = SHARES) -> Calm:
    """The growth and share with the highest of: recall of left-out sources and of padded attacks, less what texts (thrice) and programs (a third) cost."""
    lengths = doublings(np.array([len(v) for v in corpus.data.values], dtype=np.int64))
    rows, best = [], None
    for growth in GROWTHS:
        for share in shares:
            scores = release.out_of_fold(corpus, looks, folds, real, lambda f: f.shifted(-growth * lengths).joined(share, -np.inf))
            limit = threshold_at(scores[~np.isnan(scores) & (corpus.data.label == 0)], RATE)
            recalls = list(pooled(corpus, scores, RATE).values())
            found = {p: float(np.mean(np.concatenate([side[p].scores(share, growth) for side in sides]) > limit)) for p in (0, *PADDINGS)}
            padded = float(np.mean([found[p] for p in PADDINGS]))
            rates = {key: float((t.scores(share, growth) > limit).mean()) for key, t in texts.items()}
            counts = {key: len(t.doublings) for key, t in texts.items()}
            text, program = (sum(rates[k] * counts[k] for k in rates if k[0] == y) / max(1, sum(counts[k] for k in counts if k[0] == y)) for y in (False, True))
            files = rates.get((False, "file"), 0.0)
            merit = float(np.mean(recalls)) + 0.5 * min(recalls) + padded + found[0] - 3 * text - 0.3 * program - 0.3 * files
            rows.append([merit, growth, share, float(np.mean(recalls)), min(recalls), found[0], found[60], found[1_000], found[100_000], text, files, program])
            if best is None or merit > best[0]:
                best = (merit, growth, share)
    taken = best[1:]
    lines = [["taken" if (row[1], row[2]) == taken else "", *row[1:]] for row in rows if row[2] == taken[1] or row[1] == taken[0]]
    head = ["", "growth", "share", "recall, mean", "lowest", "bare", "60 bytes", "1,000", "100,000", "texts, data, binary", "of these whole files", "programs"]
    return Calm(*taken, table(head, lines))


def beside(value: bytes, place: str, filler: bytes, length: int, rng: random.Random) -> bytes:
    gap, other = rng.choice(padding.SEPARATORS), rng.choice(padding.SEPARATORS)
    text = padding.cut(filler, length, rng)
    if place == "before":
        return text + gap + value
    if place == "after":
        return value + gap + text
    return text[:length // 2] + gap + value + other + text[length // 2:]


def padding_rows(attacks: "list[bytes]", files: "list[File]", score: Score, limit: float, seed: int = 6, most: int = PADDINGS[-1]) -> "dict[tuple, np.ndarray]":
    """Which attacks are found bare, and beside harmless text of held-out files by length and place."""
    rng = random.Random(seed)
    fillers = padding.fillers([f for f in files if f.held_out], [], seed, 400)
    found = {("none", 0): scores(attacks, score) > limit}
    for length in (p for p in PADDINGS if p <= most):
        for place in PLACES if length <= 1_000 else ("any",):
            mine = attacks if length <= 1_000 else attacks[::LONG_PADDINGS_SHARE]
            values = [beside(v, rng.choice(PLACES) if place == "any" else place, rng.choice(fillers), length, rng) for v in mine]
            found[place, length] = scores(values, score) > limit
    found["none", -1] = found["none", 0][::LONG_PADDINGS_SHARE]
    return found


def padding_table(found: "dict[tuple, np.ndarray]") -> str:
    """Recall by padding, and the gap to the bare attacks."""
    bare, of_some = float(found["none", 0].mean()), float(found["none", -1].mean())
    rows = [["none", 0, len(found["none", 0]), bare, 0.0]]
    rows += [[place, length, len(hits), float(hits.mean()), (of_some if place == "any" else bare) - float(hits.mean())]
             for (place, length), hits in found.items() if place != "none"]
    return table(["place", "bytes", "attacks", "recall", "gap"], rows)


def padding_families(found: "dict[tuple, np.ndarray]", families: "list[str]") -> str:
    """Recall of each family: bare, and the mean over all paddings of 160 and 1,000 bytes."""
    names = np.array(families)
    long = np.mean([hits for (place, length), hits in found.items() if 160 <= length <= 1_000], axis=0)
    rows = [[name, int((names == name).sum()), float(found["none", 0][names == name].mean()), float(long[names == name].mean())] for name in sorted(set(families))]
    return table(["family", "attacks", "bare", "padded"], rows)


@dataclass
class Cells:
    """Which attacks are found by family, carrier, padding and encoding."""

    limit: float
    hits: "dict[tuple[str, str, int, str], list[bool]]" = field(default_factory=dict)

    def add(self, attacks: "list[bytes]", families: "list[str]", files: "list[File]", score: Score, seed: int) -> None:
        rng = random.Random(seed)
        texts = padding.fillers([f for f in files if f.held_out], [], seed, 200)
        keys, requests = [], []
        for value, family in zip(attacks, families):
            for carrier in carriers.CARRIERS:
                for length in CELL_PADDINGS:
                    encoding = rng.choice(list(carriers.ENCODINGS)) if rng.random() < 0.5 else "none"
                    sent = carriers.ENCODINGS[encoding](value, rng)
                    sent = sent if not length else beside(sent, rng.choice(PLACES), rng.choice(texts), length, rng)
                    keys.append((family, carrier, length, encoding))
                    requests.append(carriers.values(carrier, sent))
        for key, hit in zip(keys, request_scores(requests, score) > self.limit):
            self.hits.setdefault(key, []).append(bool(hit))

    def by(self, *fields: int) -> "dict[tuple, list[bool]]":
        out: "dict[tuple, list[bool]]" = {}
        for key, hits in self.hits.items():
            out.setdefault(tuple(key[f] for f in fields), []).extend(hits)
        return dict(sorted(out.items()))

    def under(self, floor: float) -> "list[str]":
        """Cells of family or carrier and padding with CELL_REQUESTS_MIN requests or more whose recall is under a floor."""
        return [f"{' / '.join(map(str, key))}: {np.mean(hits):.3f} of {len(hits)}" for fields in ((0, 2), (1, 2)) for key, hits in self.by(*fields).items()
                if len(hits) >= CELL_REQUESTS_MIN and np.mean(hits) < floor]

    def tables(self) -> str:
        text = []
        for names, fields in ((("family", "bytes beside"), (0, 2)), (("carrier", "bytes beside"), (1, 2)), (("encoding",), (3,))):
            rows = [[*key, len(hits), float(np.mean(hits))] for key, hits in self.by(*fields).items()]
            text.append(table([*names, "requests", "recall"], rows))
        return "\n".join(text)


CELL_PADDINGS = (0, 60, 1_000)
CELL_REQUESTS_MIN = 20
CELL_FLOOR = 0.5  # recall that a release has to reach in each cell


def request_scores(requests: "list[list[bytes]]", score: Score) -> np.ndarray:
    """The highest of each request's raw values."""
    flat = [v for values in requests for v in values]
    of = np.repeat(np.arange(len(requests)), [len(values) for values in requests])
    out = np.full(len(requests), -30.0)
    np.maximum.at(out, of, scores(flat, score))
    return out


def carrier_table(files: "list[File]", score: Score, limits: "dict[str, float]", seed: int = 8, most: int = 60) -> str:
    """Share of harmless pieces that lie over each limit, by kind of content and carrier."""
    rng = random.Random(seed)
    merged: "dict[str, list[bytes]]" = {}
    for (kind, size), values in sorted(pieces(files, seed).items()):
        if size in ("line", "paragraph"):
            merged.setdefault(kind, []).extend(values)
    rows = []
    for kind, values in merged.items():
        values = rng.sample(values, min(most, len(values)))
        for carrier in carriers.CARRIERS:
            z = request_scores([carriers.values(carrier, v) for v in values], score)
            rows.append([kind, carrier, len(z), *(float((z > limit).mean()) for limit in limits.values())])
    return table(["kind", "carrier", "requests", *(f"over {name}" for name in limits)], rows)
