"""Leave one source out: every attack source in turn, with recorded benign groups, scored by a model that saw neither."""

import time
from dataclasses import dataclass, field
from typing import Callable

import numpy as np

from .corpus import Corpus
from .metrics import auc, recall_at
from .splits import OWN, Fold, leave_one_out

RATES = (0.01, 0.005, 0.001)


@dataclass
class OutOfFold:
    """Request scores of models that had not seen the request's source; NaN where no fold held it out."""

    scores: np.ndarray
    row_scores: "dict[str, np.ndarray]" = field(default_factory=dict)
    folds: "list[dict]" = field(default_factory=list)


def real_requests(corpus: Corpus) -> np.ndarray:
    """Requests of the data set itself: neither generated nor augmented copies."""
    return corpus.originals & np.array([not g.startswith(OWN) for g in corpus.groups])


def evaluate(corpus: Corpus, score: "Callable[[np.ndarray, Fold], np.ndarray]", echo=print, count: int = 0) -> OutOfFold:
    """`score(mask, fold)` trains on the requests in `mask` and returns a score for every request."""
    groups, label = corpus.groups, corpus.data.label
    real = real_requests(corpus)
    out = OutOfFold(np.full(len(label), np.nan))
    for fold in leave_one_out(groups[real], count):
        started = time.monotonic()
        held = np.isin(groups, fold.attack + fold.benign)
        scores = score(~held, fold)
        held &= real
        out.scores[held] = scores[held]
        attack, benign = scores[held & (label == 1)], scores[held & (label == 0)]
        figures = {"fold": fold.name, "attacks": len(attack), "benign": len(benign), "auc": auc(attack, benign),
                   **{f"recall@{r:.1%}": recall_at(attack, benign, r) for r in RATES}}
        out.folds.append(figures)
        echo(f"  without {fold.name:26s} AUC {figures['auc']:.4f}  recall at 1% {figures['recall@1.0%']:.3f}, 0.5% {figures['recall@0.5%']:.3f},"
             f" 0.1% {figures['recall@0.1%']:.3f}  ({time.monotonic() - started:.0f} s)")
    return out


def pooled(corpus: Corpus, scores: np.ndarray, rate: float) -> "dict[str, float]":
    """Recall of each attack source at one threshold over all recorded benign requests together."""
    label = corpus.data.label
    seen = ~np.isnan(scores)
    benign = scores[seen & (label == 0)]
    return {g[7:]: recall_at(scores[seen & (corpus.groups == g)], benign, rate)
            for g in sorted(set(corpus.groups[seen & (label == 1)]))}
