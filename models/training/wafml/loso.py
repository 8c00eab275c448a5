"""Leave one source out: every attack source in turn, with recorded benign groups, scored by a model that saw neither."""

from dataclasses import dataclass

import numpy as np

from .corpus import Corpus
from .metrics import recall_at
from .splits import OWN

RATES = (0.01, 0.005, 0.001)


@dataclass
class OutOfFold:
    """Request scores of models that had not seen the request's source; NaN where no fold held it out."""

    scores: np.ndarray


def real_requests(corpus: Corpus) -> np.ndarray:
    """Requests of the data set itself: neither generated nor augmented copies."""
    return corpus.originals & np.array([not g.startswith(OWN) for g in corpus.groups])


def pooled(corpus: Corpus, scores: np.ndarray, rate: float) -> "dict[str, float]":
    """Recall of each attack source at one threshold over all recorded benign requests together."""
    label = corpus.data.label
    seen = ~np.isnan(scores)
    benign = scores[seen & (label == 0)]
    return {g[7:]: recall_at(scores[seen & (corpus.groups == g)], benign, rate)
            for g in sorted(set(corpus.groups[seen & (label == 1)]))}
