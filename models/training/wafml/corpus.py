"""From recorded requests to the rows that models learn from: generated values, real files, padding, augmentation, labels of parts."""

import random
import re
from dataclasses import dataclass, field

import numpy as np

from . import attacks, augment, benign, content, padding, windows
from .dataset import Dataset, append_values
from .splits import OWN, group_names
from .train_gate import GateTrainer

COUNT_POWER = 0.5  # how often a value was seen counts by its root
CARRIED_SHARE = 0.3
PADDED_SHARE = 0.2
PROGRAM_WEIGHT = 0.1  # programs as content: a field that takes them is learned for its site, so they must not cost attacks
MINING_EPOCHS = (1, 1)  # of the gate that tells which windows are rows
PROGRAM = OWN + "program"
CONTENT = OWN + "content"
_TEXT_RE = re.compile(rb"[a-z0-9][a-z0-9 ,.'!?-]*\Z")


@dataclass
class Corpus:
    data: Dataset
    windows: windows.Windows
    groups: np.ndarray  # of each request
    originals: np.ndarray  # false for generated values and augmented copies
    mass: np.ndarray = field(init=False)  # what one harmless request counts
    values: windows.Grouping = field(init=False)

    def __post_init__(self) -> None:
        self.values = windows.by_value(self.data)
        self.mass = np.where(self.groups == PROGRAM, PROGRAM_WEIGHT, 1.0)

    def fit_gate(self, mask: np.ndarray, first_epochs: int = 1, epochs: int = 2, echo=None, scores: "np.ndarray | None" = None) -> "tuple[GateTrainer, list[float]]":
        """The gate for the requests in `mask`: once to find each attack's payload (unless row scores say it), once with it."""
        if scores is None:
            trainer = GateTrainer()
            trainer.fit(self.windows.rows, *self.row_targets(mask, None), first_epochs, echo)
            scores = trainer.logits(self.windows.rows)
        trainer = GateTrainer()
        losses = trainer.fit(self.windows.rows, *self.row_targets(mask, scores), epochs, echo)
        return trainer, losses

    def row_targets(self, mask: np.ndarray, scores: "np.ndarray | None", values: bool = False) -> "tuple[np.ndarray, np.ndarray]":
        """Label and weight of each row, for the requests in `mask`; rows are windows, or with `values` whole values.

        Only one part of an attack carries the payload and nothing says which: without scores each part that no harmless
        request has counts by its share; with scores the highest of them is the payload and the others are left out.
        """
        win, label = self.values if values else self.windows, self.data.label
        size = len(self.data.values) if values else len(self.windows.text)
        chosen = mask[win.pairs_request]
        pair_label = label[win.pairs_request]
        kept = chosen & (pair_label == 0)
        benign_count = np.bincount(win.pairs_row[kept], self.mass[win.pairs_request[kept]], size)
        harmless = benign_count > 0
        y = np.zeros(size)
        weight = np.zeros(size)
        weight[harmless] = benign_count[harmless] ** COUNT_POWER
        if scores is None:
            pairs = chosen & (pair_label == 1) & ~harmless[win.pairs_row]
            share = np.bincount(win.pairs_request[pairs], minlength=win.requests)
            rows = win.pairs_row[pairs]
            y[rows] = 1
            np.maximum.at(weight, rows, 1 / share[win.pairs_request[pairs]])
        else:
            request, row = win.request_argmax(np.where(harmless, -99.0, scores))
            payload = mask[request] & (label[request] == 1) & ~harmless[row]
            y[row[payload]] = 1
            weight[row[payload]] = np.bincount(row[payload], minlength=len(weight))[row[payload]] ** COUNT_POWER
        positive, negative = weight[y == 1].sum(), weight[y == 0].sum()
        weight[y == 1] *= negative / max(positive, 1e-9)
        return y, weight


def with_generated(data: Dataset, count: int, seed: int) -> Dataset:
    """Adds values of the own grammars; a value that both grammars write is nobody's evidence."""
    bad, good = attacks.generate(count, seed), benign.generate(count, seed + 1)
    both = {v for _, v in bad} & {v for _, v in good}
    bad, good = [p for p in bad if p[1] not in both], [p for p in good if p[1] not in both]
    data = append_values(data, [v for _, v in bad], 1, [OWN + "attack grammar"] * len(bad), [f for f, _ in bad])
    return append_values(data, [v for _, v in good], 0, [OWN + "benign grammar"] * len(good), [""] * len(good))


def with_content(data: Dataset, files: "list[content.File]", seed: int) -> Dataset:
    """Adds pieces of real files, each as a harmless request of one value."""
    rng = random.Random(seed)
    for source, is_program in ((CONTENT, False), (PROGRAM, True)):
        values = [v for f in files if (f.kind in content.PROGRAMS) == is_program for v in content.slices(f, rng)]
        data = append_values(data, values, 0, [source] * len(values), [""] * len(values))
    return data


def _changed(value: bytes, carriers: "list[bytes]", long: "list[bytes]", rng: random.Random) -> bytes:
    """An encoded, carried or padded copy."""
    if long and rng.random() < PADDED_SHARE:
        return padding.padded(value, rng.choice(long), padding.size(rng, high=2_000), rng)
    return augment.carried(value, rng.choice(carriers), rng) if rng.random() < CARRIED_SHARE else augment.augment(value, rng)


def with_augmented(corpus: Corpus, share: float, seed: int, files: "list[content.File]" = ()) -> Dataset:
    """Adds encoded, carried and padded copies of payloads and of harmless values; a copy belongs to the source of its original."""
    rng = random.Random(seed)
    win, data = corpus.windows, corpus.data
    trainer = GateTrainer()
    trainer.fit(win.rows, *corpus.row_targets(np.ones(len(data), dtype=bool), None), 1)
    request, row = win.request_argmax(trainer.logits(win.rows))
    carriers = _carriers(data)
    long = padding.fillers(files, carriers, seed)
    for label in (1, 0):
        mine = np.flatnonzero(data.label[request] == label)
        if label == 0:  # any part of a harmless request, not only its oddest
            pairs = np.flatnonzero(data.label[win.pairs_request] == 0)
            pick = np.array(rng.choices(pairs, k=int(share * len(mine))))
            origins, rows = win.pairs_request[pick], win.pairs_row[pick]
        else:
            pick = np.array(rng.sample(list(mine), int(share * len(mine))))
            origins, rows = request[pick], row[pick]
        values = [_changed(win.text[r], carriers, long if label else [], rng) for r in rows]
        sources = [data.source[o] for o in origins]
        data = append_values(data, values, label, sources, [data.attack[o] for o in origins])
    return data


def _carriers(data: Dataset) -> "list[bytes]":
    """Short texts of several words out of the composed harmless requests, which no fold leaves out."""
    composed = np.flatnonzero((data.label == 0) & np.array(["composed" in s for s in data.source]))
    ids = np.unique(np.concatenate([data.refs[data.bounds[r]:data.bounds[r + 1]] for r in composed])) if len(composed) else []
    texts = [v for v in (data.values[i] for i in ids) if 6 <= len(v) <= 90 and _TEXT_RE.match(v)]
    return texts or [b"harmless text"]


def _corpus(data: Dataset, originals: int, seed: int, gate=None) -> Corpus:
    groups = group_names(data.source, data.label)
    return Corpus(data, windows.build(data, seed, gate), groups, np.arange(len(data)) < originals)


def build(data: Dataset, generated: int, augmented: float, seed: int, echo=print, files: "list[content.File]" = ()) -> Corpus:
    originals = len(data)
    if generated:
        data = with_generated(data, generated, seed)
        echo(f"  with generated values: {len(data):,} requests")
    trained = [f for f in files if not f.held_out]
    if augmented:
        data = with_augmented(_corpus(data, originals, seed), augmented, seed, trained)
        echo(f"  with augmentation: {len(data):,} requests")
    if trained:
        data = with_content(data, trained, seed)
        echo(f"  with real files: {len(data):,} requests")
    corpus = _corpus(data, originals, seed)
    gate = corpus.fit_gate(np.ones(len(data), bool), *MINING_EPOCHS)[0]
    corpus = _corpus(data, originals, seed, gate)
    echo(f"  {len(corpus.windows.text):,} windows, {len(corpus.windows.rows.indices):,} n-grams")
    return corpus
