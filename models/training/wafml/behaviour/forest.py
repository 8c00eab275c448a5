"""The model `anomaly`: an isolation forest of 100 trees over 50 features of a client.

A plain forest finds whatever is rare, in both directions: a reader of one long page is as rare as a scanner. Here each
feature is clipped at the median of ordinary clients on its harmless side, so that only what deviates towards hostile clients
can set a client apart. Which side that is, and which 50 features are taken, is learned from the training sources; the trees
themselves see ordinary clients and declared crawlers only. Trees need no clipping when they run: their thresholds lie beyond
the medians.
"""

import struct

import numpy as np
from sklearn.ensemble import IsolationForest

TREES, SAMPLES, FEATURES = 100, 256, 50


def equal_weights(source):
    """Every source weighs the same."""
    names, inverse, counts = np.unique(source, return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse]


def auc(values, hostile, weights):
    """Area under the ROC curve of one feature, weighted."""
    order = np.argsort(values, kind="stable")
    v, h, w = values[order], hostile[order], weights[order]
    total_bad, total_good = w[h].sum(), w[~h].sum()
    good_below = np.cumsum(np.where(h, 0, w))
    # Ties count half.
    starts = np.flatnonzero(np.r_[True, v[1:] != v[:-1]])
    ends = np.r_[starts[1:], len(v)]
    area = 0.0
    for s, e in zip(starts, ends):
        bad = w[s:e][h[s:e]].sum()
        if bad:
            before = good_below[s - 1] if s else 0.0
            area += bad * (before + (good_below[e - 1] - before) / 2)
    return area / (total_bad * total_good)


class Forest:
    """Trained on rows of ordinary clients; `hostile` rows only tell sides and features."""

    def __init__(self, x, hostile, source, label, names, seed=1):
        weights = equal_weights(source)
        areas = np.array([self.area(x[:, i], hostile, label, weights) for i in range(x.shape[1])])
        self.chosen = np.sort(np.argsort(-np.abs(areas - 0.5), kind="stable")[:FEATURES])
        self.names = [names[i] for i in self.chosen]
        self.side = np.where(areas[self.chosen] >= 0.5, 1, -1)
        ordinary = ~hostile
        rng = np.random.default_rng(seed)
        w = weights[ordinary].copy()
        for kind in np.unique(label[ordinary]):
            w[label[ordinary] == kind] /= w[label[ordinary] == kind].sum()
        w /= w.sum()
        rows = rng.choice(np.flatnonzero(ordinary), size=60_000, p=w)
        self.median = np.median(x[rows][:, self.chosen], axis=0)
        self.forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, random_state=seed, n_jobs=1)
        self.forest.fit(self.clip(x[rows]))

    @staticmethod
    def area(values, hostile, label, weights):
        """Area against browsers or against crawlers, whichever says less; 0.5 where they disagree about the side."""
        both = [auc(values[rows], hostile[rows], weights[rows])
                for rows in (hostile | (label == "benign"), hostile | (label == "crawler-declared")) if (rows & ~hostile).any()]
        if (min(both) - 0.5) * (max(both) - 0.5) <= 0:
            return 0.5
        return min(both, key=lambda a: abs(a - 0.5))

    def clip(self, x):
        x = x[:, self.chosen]
        return np.where(self.side > 0, np.maximum(x, self.median), np.minimum(x, self.median)).astype(np.float32)

    def score(self, x):
        """2 to the power of minus the mean path length over that of a failing search."""
        return -self.forest.score_samples(self.clip(x))

    def to_bytes(self):
        """`model.bin`, see IsolationForest.cs."""
        norm = average_path(min(SAMPLES, self.forest.max_samples_))
        out = [b"WAFFOR1\n", struct.pack("<if", TREES, norm)]
        for tree in self.forest.estimators_:
            t = tree.tree_
            depth = depths(t)
            out.append(struct.pack("<i", t.node_count))
            for i in range(t.node_count):
                if t.children_left[i] < 0:
                    out.append(struct.pack("<hfii", -1, depth[i] + average_path(int(t.n_node_samples[i])), 0, 0))
                else:
                    out.append(struct.pack("<hfii", int(t.feature[i]), float32_below(t.threshold[i]), int(t.children_left[i]),
                                           int(t.children_right[i])))
        return b"".join(out)


def float32_below(value):
    """A 32-bit threshold that sends the same 32-bit numbers to the same side."""
    rounded = np.float32(value)
    return float(np.nextafter(rounded, np.float32(-np.inf)) if float(rounded) > value else rounded)


def depths(tree):
    depth = np.zeros(tree.node_count)
    for i in range(tree.node_count):
        for child in (tree.children_left[i], tree.children_right[i]):
            if child > 0:
                depth[child] = depth[i] + 1
    return depth


def average_path(n):
    """Mean path length of a search that fails among n."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n


def run(data, features):
    """The file as C# runs it: for golden vectors and to hold both equal."""
    trees, norm = struct.unpack_from("<if", data, 8)
    at, sums = 16, np.zeros(len(features))
    for _ in range(trees):
        count, = struct.unpack_from("<i", data, at)
        nodes = np.frombuffer(data, dtype=[("f", "<i2"), ("v", "<f4"), ("l", "<i4"), ("r", "<i4")], count=count, offset=at + 4)
        at += 4 + nodes.nbytes
        f, v, left, right = (nodes[name].copy() for name in ("f", "v", "l", "r"))
        where = np.zeros(len(features), dtype=np.int64)
        for _ in range(64):
            inner = f[where] >= 0
            if not inner.any():
                break
            idx = np.flatnonzero(inner)
            w = where[idx]
            where[idx] = np.where(features[idx, f[w]] <= v[w], left[w], right[w])
        sums += v[where]
    return 2.0 ** (-(sums / trees) / norm)
