"""Judging on what training never saw: real files of held-out packages, and attacks of left-out sources beside harmless text."""

import random
from typing import Callable

import numpy as np

from . import padding
from .content import PROGRAMS, File
from .normalize import is_plain, normalize
from .report import table

Score = Callable[["list[bytes]", np.ndarray], np.ndarray]  # normalised values and their flags to log-odds or logits

SIZES = (("line", 20, 200), ("paragraph", 200, 2_000), ("page", 2_000, 20_000), ("file", 20_000, 300_000))
PADDINGS = (20, 60, 160, 1_000, 10_000, 100_000)
PLACES = ("before", "after", "both sides")
PIECES_A_FILE = 2


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
    return found


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
        for place in PLACES:
            values = [beside(v, place, rng.choice(fillers), length, rng) for v in attacks]
            found[place, length] = scores(values, score) > limit
    return found


def padding_table(found: "dict[tuple, np.ndarray]") -> str:
    """Recall by padding, and the gap to the bare attacks."""
    bare = float(found["none", 0].mean())
    rows = [["none", 0, len(found["none", 0]), bare, 0.0]]
    rows += [[place, length, len(hits), float(hits.mean()), bare - float(hits.mean())] for (place, length), hits in found.items() if place != "none"]
    return table(["place", "bytes", "attacks", "recall", "gap"], rows)


def padding_families(found: "dict[tuple, np.ndarray]", families: "list[str]") -> str:
    """Recall of each family: bare, and the mean over all paddings from 160 bytes on."""
    names = np.array(families)
    long = np.mean([hits for (place, length), hits in found.items() if length >= 160], axis=0)
    rows = [[name, int((names == name).sum()), float(found["none", 0][names == name].mean()), float(long[names == name].mean())] for name in sorted(set(families))]
    return table(["family", "attacks", "bare", "padded"], rows)
