"""A second look at real files: long texts hold many windows, of which the first training saw one each.

Pieces of the trained files are scanned with the gate; the windows that frighten it, attacks and recorded harmless rows are trained on
together, from the weights that are there.
"""

import random

import numpy as np

from .content import PROGRAMS, File
from .corpus import Corpus
from .gate import WindowRows
from .normalize import FLAGS, is_plain, normalize
from .scan import LENGTHS, WHOLE, Hashed, best_windows, chunks
from .train_gate import GateTrainer

PIECES_A_FILE = 8
PIECE_BYTES = 500
FRIGHTENS = -2.5  # logit of a window from which on it is learned from
HARMLESS_ROWS = 150_000
PROGRAM_WEIGHT = 0.2
EPOCHS = 2


def pieces(files: "list[File]", seed: int) -> "tuple[list[bytes], np.ndarray, np.ndarray]":
    """Normalised pieces at random places of the files that are trained on, their flags, and what each counts."""
    rng = random.Random(seed)
    values, flags, mass = [], [], []
    for file in files:
        if file.held_out:
            continue
        for _ in range(min(PIECES_A_FILE, len(file.data) // PIECE_BYTES + 1)):
            at = rng.randrange(max(1, len(file.data) - PIECE_BYTES))
            value, found = normalize(file.data[at:at + PIECE_BYTES])
            if not is_plain(value, found):
                values.append(value)
                flags.append(found)
                mass.append(PROGRAM_WEIGHT if file.kind in PROGRAMS else 1.0)
    return values, np.array(flags), np.array(mass)


def frightening(trainer: GateTrainer, values: "list[bytes]", flags: np.ndarray, mass: np.ndarray) -> "tuple[WindowRows, np.ndarray]":
    """The worst window of each piece, where it scores over FRIGHTENS."""
    indices, counts, kinds, owners = [], [], [], []
    base = trainer.bias + np.array([trainer.flag_weights[[i for i in range(FLAGS) if f >> i & 1]].sum() for f in flags])
    for low, high in chunks(values):
        hashed = Hashed(values[low:high])
        best = best_windows(hashed, trainer.weights, 1.0, trainer.gains, trainer.offsets)
        kind = best.score.argmax(axis=1)
        mine = np.flatnonzero(best.highest + base[low:high] > FRIGHTENS)
        start = np.where(kind == WHOLE, hashed.bounds[:-1], best.start[np.arange(len(kind)), kind])[mine]
        end = np.where(kind[mine] == WHOLE, hashed.bounds[1:][mine], start + np.append(LENGTHS, 0)[kind[mine]])
        indices.append(hashed.gather(start, end))
        counts.append(hashed.counts(start, end))
        kinds.append(kind[mine])
        owners.append(mine + low)
    owner = np.concatenate(owners)
    return WindowRows(np.concatenate(indices), np.concatenate(counts), np.concatenate(kinds), flags[owner]), mass[owner]


def refined(trainer: GateTrainer, corpus: Corpus, mask: np.ndarray, found: "tuple[list[bytes], np.ndarray, np.ndarray]", seed: int, echo=print) -> GateTrainer:
    """The gate after more steps: attacks weigh as much as recorded harmless rows and frightening windows together."""
    rng = np.random.default_rng(seed)
    label, weight = corpus.row_targets(mask, trainer.logits(corpus.windows.rows))
    attacks = np.flatnonzero((label == 1) & (weight > 0))
    harmless = np.flatnonzero((label == 0) & (weight > 0))
    harmless = rng.choice(harmless, min(HARMLESS_ROWS, len(harmless)), replace=False)
    windows, mass = frightening(trainer, *found)
    old = _taken(corpus.windows.rows, np.sort(np.concatenate([attacks, harmless])))
    kept = np.sort(np.concatenate([attacks, harmless]))
    rows = _joined(old, windows, rng)
    y = np.concatenate([label[kept], np.zeros(len(mass))])[rows[1]]
    w = np.concatenate([np.where(label[kept] == 1, weight[kept] / weight[attacks].sum(), 0.5 * weight[kept] / weight[harmless].sum()),
                        0.5 * mass / mass.sum()])[rows[1]] * len(y)
    echo(f"  refined with {len(mass):,} frightening windows of {len(found[0]):,} pieces")
    trainer.fit(rows[0], y, w, EPOCHS, echo)
    return trainer


def _taken(rows: WindowRows, chosen: np.ndarray) -> WindowRows:
    counts = rows.counts[chosen]
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return WindowRows(rows.indices[within + np.repeat(rows.bounds[chosen], counts)], counts, rows.kind[chosen], rows.flags[chosen])


def _joined(first: WindowRows, second: WindowRows, rng: np.random.Generator) -> "tuple[WindowRows, np.ndarray]":
    """Both in a shuffled order, and that order."""
    both = WindowRows(np.concatenate([first.indices, second.indices]), np.concatenate([first.counts, second.counts]),
                      np.concatenate([first.kind, second.kind]), np.concatenate([first.flags, second.flags]))
    order = rng.permutation(len(both.counts))
    return _taken(both, order), order
