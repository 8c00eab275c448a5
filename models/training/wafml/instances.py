"""What the network learns from: the bytes that it is shown of values, and payloads within harmless text.

A text is an attack if some place of it is. Attacks are shown as the gate shows them, and set into harmless text of the trained files so that the
network sees them at every offset with everything beside them; harmless values, long ones at several places, and the places of real files that
frighten the gate are shown in the same ways. A third are not cut by the gate: windows of whole values and of files as a network that is asked
about everything sees them, so that it stands by itself.
"""

from dataclasses import dataclass

import numpy as np

from . import refine, train_cnn
from .content import File
from .corpus import Corpus
from .features import WINDOW_BYTES
from .gate import Gate
from .looks import Looks, look
from .scan import FOCUS_BYTES

SHARES = {"bare attack": 0.18, "attack in text": 0.2, "whole attack": 0.12, "harmless": 0.11, "harmless in text": 0.08, "whole harmless": 0.13, "real files": 0.12,
          "whole files": 0.06}
PAYLOAD_BYTES_MAX = FOCUS_BYTES - 12  # longer ones fill what the network is shown


@dataclass
class Instances:
    """Texts of at most FOCUS_BYTES with flags, label and family (-1: none)."""

    text: "list[bytes]"
    flags: np.ndarray
    label: np.ndarray
    family: np.ndarray

    def table(self) -> train_cnn.TokenTable:
        return train_cnn.TokenTable(self.text, self.flags)


def frightening(gate: Gate, files: "list[File]", seeds: "list[int]", floor: float) -> "tuple[list[bytes], np.ndarray]":
    """Places of pieces of the trained files that the gate does not find calm."""
    text, flags = [], []
    for seed in seeds:
        found = refine.pieces(files, seed)
        places = look(gate, found.values, found.flags, floor)
        for i in np.flatnonzero(places.gate >= floor):
            text.append(found.values[places.owner[i]][places.start[i]:places.end[i]])
            flags.append(found.flags[places.owner[i]])
    return text, np.array(flags)


def build(corpus: Corpus, mask: np.ndarray, places: Looks, hard: "tuple[list[bytes], np.ndarray]", texts: "list[bytes]", count: int, seed: int,
          files: "list[File]" = ()) -> Instances:
    """`count` instances of the requests in `mask`; `places`: of all values under a gate; `files`: those trained on are shown uncut too."""
    rng = np.random.default_rng(seed)
    data = corpus.data
    label, family, weight = targets(corpus, mask, places)
    first = np.zeros(len(data.values), dtype=np.int64)
    first[places.owner[places.first]] = places.first
    many = np.bincount(places.owner, minlength=len(data.values))
    text: "list[bytes]" = []
    flags, labels, families = [], [], []

    def add(values: "list[bytes]", marks, y: int, kinds) -> None:
        text.extend(values)
        flags.extend(marks)
        labels.extend([y] * len(values))
        families.extend(kinds)

    def shown(values: np.ndarray, others: bool) -> "list[bytes]":
        at = first[values] + (rng.integers(0, many[values]) if others else 0)
        return [data.values[v][places.start[p]:places.end[p]] for v, p in zip(values, at)]

    for y, bare, inside, whole in ((1, "bare attack", "attack in text", "whole attack"), (0, "harmless", "harmless in text", "whole harmless")):
        mine = np.flatnonzero((label == y) & (weight > 0))
        chance = weight[mine] / weight[mine].sum()
        drawn = rng.choice(mine, int(SHARES[bare] * count), p=chance)
        add(shown(drawn, y == 0), data.flags[drawn], y, family[drawn])
        drawn = rng.choice(mine, int(SHARES[inside] * count), p=chance)
        values = shown(drawn, y == 0)
        add(cut_around(values, texts, rng), data.flags[drawn], y, family[drawn])
        drawn = rng.choice(mine, int(SHARES[whole] * count), p=chance)
        at = first[drawn]
        ends = zip(places.start[at], places.end[at]) if y else ((0, 0) for _ in drawn)
        add([window_with(data.values[v], low, high, rng) for v, (low, high) in zip(drawn, ends)], data.flags[drawn], y, family[drawn])
    found = refine.pieces(files, seed + 50) if files else None
    if found and found.values:
        drawn = rng.integers(0, len(found.values), int(SHARES["whole files"] * count))
        add([window_with(found.values[i], 0, 0, rng) for i in drawn], found.flags[drawn], 0, [-1] * len(drawn))
    if hard[0]:
        drawn = rng.integers(0, len(hard[0]), int(SHARES["real files"] * count))
        add([hard[0][i] for i in drawn], hard[1][drawn], 0, [-1] * len(drawn))
    return Instances(text, np.array(flags), np.array(labels, dtype=np.int8), np.array(families, dtype=np.int8))


def window_with(value: bytes, low: int, high: int, rng: np.random.Generator) -> bytes:
    """WINDOW_BYTES of a value, as one that is asked about all of it is shown them, that hold these bytes, or are of them; of equal bounds any."""
    if len(value) <= WINDOW_BYTES:
        return value
    last = len(value) - WINDOW_BYTES
    # A payload that is longer than the window is shown from within.
    bounds = sorted((max(0, high - WINDOW_BYTES), low)) if high > low else (0, last)
    at = int(rng.integers(min(bounds[0], last), min(bounds[1], last) + 1))
    return value[at:at + WINDOW_BYTES]


def targets(corpus: Corpus, mask: np.ndarray, places: Looks) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Labels, families and weights of values; the gate says which part of an attack is the payload."""
    scores = places.highest(places.gate, len(corpus.data.values))
    label, weight = corpus.row_targets(mask, scores, values=True)
    family = np.full(len(label), -1, np.int8)
    request, row = corpus.values.request_argmax(scores)
    family[row] = train_cnn.family_codes(corpus.data.attack)[request]
    return label, family, weight


def cut_around(values: "list[bytes]", texts: "list[bytes]", rng: np.random.Generator) -> "list[bytes]":
    """Each value within harmless text, and of that FOCUS_BYTES that hold all of the value if it is short enough."""
    around, first, behind = refine.within_text(values, texts, int(rng.integers(1 << 30)), FOCUS_BYTES)
    out = []
    for value, text, low, high in zip(values, around, first, behind):
        if len(value) > PAYLOAD_BYTES_MAX or len(text) <= FOCUS_BYTES:
            out.append(value if len(value) > PAYLOAD_BYTES_MAX else text)
            continue
        at = int(rng.integers(max(0, high - FOCUS_BYTES), min(low, len(text) - FOCUS_BYTES) + 1))
        out.append(text[at:at + FOCUS_BYTES])
    return out
