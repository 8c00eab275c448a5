"""How models of behaviour are judged: by sources left out, with declared crawlers among the harmless."""

import numpy as np

FPR = (0.001, 0.005, 0.01, 0.021, 0.05)


def folds(source, hostile, count=6):
    """Groups of sources, each with hostile and harmless ones, of about the same number of hostile rows."""
    names = sorted(set(source))
    load = {n: int(hostile[source == n].sum()) for n in names}
    groups = [[] for _ in range(count)]
    for n in sorted(names, key=lambda n: (-load[n], n)):
        min(groups, key=lambda g: (sum(load[m] for m in g), len(g))).append(n)
    return [g for g in groups if g]


def threshold_at(scores, weights, fpr):
    """Lowest score that at most this share of the harmless reaches."""
    order = np.argsort(-scores)
    share = np.cumsum(weights[order]) / weights.sum()
    over = np.searchsorted(share, fpr, side="right")
    return float(np.nextafter(scores[order][min(over, len(order) - 1)], np.inf))


def weights_by_source(source):
    names, inverse, counts = np.unique(source, return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse]


def table(scores, hostile, source, label):
    """Recall at false-positive rates, each source weighing the same, and what of each label is flagged."""
    w = weights_by_source(source)
    rows = []
    for fpr in FPR:
        t = threshold_at(scores[~hostile], w[~hostile], fpr)
        flagged = scores >= t
        rate = lambda rows_: float(np.average(flagged[rows_], weights=w[rows_])) if rows_.any() else float("nan")
        rows.append({"fpr": fpr, "threshold": t, "recall": rate(hostile),
                     **{name: rate(label == name) for name in sorted(set(label))}})
    return rows


def by_source(scores, hostile, source, threshold):
    """Recall and false positives of each source at one threshold."""
    out = []
    for name in sorted(set(source)):
        rows = source == name
        bad, good = rows & hostile, rows & ~hostile
        out.append((name, int(bad.sum()), float((scores[bad] >= threshold).mean()) if bad.any() else float("nan"),
                    int(good.sum()), float((scores[good] >= threshold).mean()) if good.any() else float("nan")))
    return out
