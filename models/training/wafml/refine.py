"""More rounds for the gate, on what it is wrong about: long harmless texts, and attacks beside harmless text.

Long texts hold many windows and taught one each. In each round other pieces of the trained files are scanned with the gate as it is; the windows
that frighten it are trained on, beside attacks within harmless text of such files (the worst window there that holds some of the payload), harmless
values within the same, and the rows of the first training.
"""

import random
from dataclasses import dataclass

import numpy as np

from . import attacks_beside, benign, padding
from .content import PROGRAMS, File
from .corpus import Corpus
from .gate import WindowRows, flag_matrix
from .normalize import is_plain, normalize
from .scan import LENGTHS, WHOLE, Hashed, best_windows, chunks
from .train_gate import GateTrainer

PIECES_A_FILE = 8
PIECE_BYTES = 500
FRIGHTENS = -3.0  # logit of a window from which on it is learned from
HARMLESS_ROWS = 150_000
PADDED_ROWS = 60_000
PADDED_HARMLESS_SHARE = 2 / 3  # as many harmless values in text
SIDE_BYTES = 200  # of harmless text on each side, at most: no window reaches farther
SEAM_BYTES = 12  # a window that holds an attack may begin so far before it
PROGRAM_WEIGHT = 0.2
EPOCHS = 2
COMMANDS = 30_000
COMMANDS_SHARE = 0.3  # of what attacks weigh: commands of a few bytes within text, which have few n-grams to be known by
NOTES_SHARE = 0.15  # of what is harmless: texts that hold commands
APPS_SHARE = 0.15  # of what is harmless: what well-known applications send


@dataclass
class Texts:
    """Normalised values, their flags, what each counts."""

    values: "list[bytes]"
    flags: np.ndarray
    mass: np.ndarray


def pieces(files: "list[File]", seed: int) -> Texts:
    """Pieces at random places of the files that are trained on; other ones with another seed."""
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
    return Texts(values, np.array(flags), np.array(mass))


def harmless_texts(files: "list[File]", seed: int) -> "list[bytes]":
    """Normalised texts to put beside attacks."""
    return [normalize(f)[0] for f in padding.fillers([f for f in files if not f.held_out], [], seed)]


def within_text(values: "list[bytes]", texts: "list[bytes]", seed: int, side: int = SIDE_BYTES) -> "tuple[list[bytes], np.ndarray, np.ndarray]":
    """Each normalised value within harmless text of up to `side` bytes before and behind it, and where it begins and ends."""
    rng = random.Random(seed)
    out, first, behind = [], [], []
    for value in values:
        before, after = (padding.cut(rng.choice(texts), padding.size(rng, 8, side), rng) for _ in range(2))
        where = rng.random()
        before = b"" if where < 0.2 else before + rng.choice(padding.SEPARATORS)
        after = b"" if where > 0.8 else rng.choice(padding.SEPARATORS) + after
        out.append(before + value + after)
        first.append(len(before))
        behind.append(len(before) + len(value))
    return out, np.array(first, dtype=np.int64), np.array(behind, dtype=np.int64)


def worst_rows(trainer: GateTrainer, texts: Texts, floor: float, spans: "tuple[np.ndarray, np.ndarray] | None" = None) -> "tuple[WindowRows, np.ndarray]":
    """The worst window of each text that scores over `floor`, and which text it is of. `spans`: bytes of each between which to look."""
    indices, counts, kinds, owners = [], [], [], []
    base = trainer.bias + flag_matrix(texts.flags) @ trainer.flag_weights
    for low, high in chunks(texts.values):
        hashed = Hashed(texts.values[low:high])
        starts = hashed.bounds[:-1]
        within = None if spans is None else (np.maximum(starts, starts + 1 + spans[0][low:high] - SEAM_BYTES),
                                             np.minimum(hashed.bounds[1:], starts + 1 + spans[1][low:high] + SEAM_BYTES))
        best = best_windows(hashed, trainer.weights, 1.0, trainer.gains, trainer.offsets, within)
        kind = best.score.argmax(axis=1)
        mine = np.flatnonzero((best.highest + base[low:high] > floor) & np.isfinite(best.highest))
        start = np.where(kind == WHOLE, hashed.bounds[:-1], best.start[np.arange(len(kind)), kind])[mine]
        end = np.where(kind[mine] == WHOLE, hashed.bounds[1:][mine], start + np.append(LENGTHS, 0)[kind[mine]])
        indices.append(hashed.gather(start, end))
        counts.append(hashed.counts(start, end))
        kinds.append(kind[mine])
        owners.append(mine + low)
    owner = np.concatenate(owners)
    return WindowRows(np.concatenate(indices), np.concatenate(counts), np.concatenate(kinds), texts.flags[owner]), owner


def refined(trainer: GateTrainer, corpus: Corpus, mask: np.ndarray, files: "list[File]", rounds: int, seed: int, echo=print,
            padded: int = PADDED_ROWS, commands: int = 0) -> GateTrainer:
    """The gate after `rounds` more trainings with `padded` attacks in text each, and `commands` short ones beside as many notes; attacks weigh as much as all that
    is harmless together."""
    texts = harmless_texts(files, seed)
    for turn in range(rounds):
        one_round(trainer, corpus, mask, pieces(files, seed + turn), texts, seed + 100 * turn, echo, padded, commands)
    return trainer


def short_sets(trainer: GateTrainer, texts: "list[bytes]", count: int, seed: int) -> "list[tuple[WindowRows, int, np.ndarray]]":
    """Worst windows of `count` short commands within text, of as many notes, and of as many values of applications: rows, label and mass."""
    normal = [normalize(v) for v in attacks_beside.commands(count, seed)]
    values, first, behind = within_text([v for v, _ in normal], texts, seed)
    rows, _ = worst_rows(trainer, Texts(values, np.array([f for _, f in normal]), np.ones(count)), -np.inf, (first, behind))
    sets = [(rows, 1, COMMANDS_SHARE * _share(np.ones(len(rows.counts))))]
    for written, share in ((benign.notes(count, seed + 1), NOTES_SHARE), (benign.apps(count, seed + 2), APPS_SHARE)):
        normal = [n for n in map(normalize, written) if not is_plain(*n)]
        rows, _ = worst_rows(trainer, Texts([v for v, _ in normal], np.array([f for _, f in normal]), np.ones(len(normal))), -np.inf)
        sets.append((rows, 0, share * _share(np.ones(len(rows.counts)))))
    return sets


def one_round(trainer: GateTrainer, corpus: Corpus, mask: np.ndarray, found: Texts, texts: "list[bytes]", seed: int, echo, padded_rows: int,
           commands: int) -> None:
    rng = np.random.default_rng(seed)
    win = corpus.windows
    label, weight = corpus.row_targets(mask, trainer.logits(win.rows))
    attacks, harmless = (np.flatnonzero((label == y) & (weight > 0)) for y in (1, 0))
    frightening, owner = worst_rows(trainer, found, FRIGHTENS)
    sets = [(frightening, 0, 0.45 * _share(found.mass[owner]))]
    for mine, y, count, kept in ((attacks, 1, padded_rows, 0.5), (harmless, 0, int(padded_rows * PADDED_HARMLESS_SHARE), 0.4)):
        inner = rng.choice(mine, count, p=weight[mine] / weight[mine].sum())
        values, first, behind = within_text([win.text[r] for r in inner], texts, seed + y)
        padded = Texts(values, win.rows.flags[inner], np.ones(count))
        rows, _ = worst_rows(trainer, padded, -np.inf, (first, behind) if y else None)
        sets.append((rows, y, (1.0 - kept if y else 0.15) * _share(np.ones(len(rows.counts)))))
        chosen = mine if y else rng.choice(mine, min(HARMLESS_ROWS, len(mine)), replace=False)
        chosen = np.sort(chosen)
        sets.append((_taken(win.rows, chosen), y, kept * _share(weight[chosen])))
    if commands:
        sets = [(rows, y, mass * (1.0 - (COMMANDS_SHARE if y else NOTES_SHARE + APPS_SHARE))) for rows, y, mass in sets] + short_sets(trainer, texts, commands, seed + 7)
    rows = _joined([s[0] for s in sets])
    order = rng.permutation(len(rows.counts))
    y = np.concatenate([np.full(len(s[2]), float(s[1])) for s in sets])[order]
    w = np.concatenate([s[2] for s in sets])[order] * len(order)
    echo(f"  round on {len(frightening.counts):,} frightening windows of {len(found.values):,} pieces, {len(order):,} rows in all")
    trainer.fit(_taken(rows, order), y, w, EPOCHS, echo)


def _share(mass: np.ndarray) -> np.ndarray:
    return mass / mass.sum()


def _taken(rows: WindowRows, chosen: np.ndarray) -> WindowRows:
    counts = rows.counts[chosen]
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return WindowRows(rows.indices[within + np.repeat(rows.bounds[chosen], counts)], counts, rows.kind[chosen], rows.flags[chosen])


def _joined(sets: "list[WindowRows]") -> WindowRows:
    return WindowRows(*(np.concatenate([getattr(s, name) for s in sets]) for name in ("indices", "counts", "kind", "flags")))
