"""Trains, judges and packages `conduct`: `python3 -m wafml.behaviour.train_conduct rows.npz PACKAGES VERSION`.

A dense network (32, 16) over all features of a client that logs can tell, taught by labelled sessions: what the isolation forest
(`train_anomaly`) cannot do without labels. Every source weighs the same within its label, and declared crawlers are among the
harmless.
"""

import hashlib
import json
import struct
import sys

import numpy as np
from sklearn.neural_network import MLPClassifier

from . import judge, release

DEVIATIONS = 8.0


class Network:
    def __init__(self, x, hostile, source, label, seed=1):
        self.means = x.mean(0).astype(np.float32)
        self.scales = (1 / np.maximum(x.std(0), 1e-6)).astype(np.float32)
        groups = np.array([f"{l}/{s}" for l, s in zip(label, source)])
        names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
        # A source with few sessions of a label must not be learned by heart.
        w = 1.0 / np.maximum(counts[inverse], 100)
        harmless = ~hostile
        for rows, share in ((hostile, 0.4), (harmless & (label == "benign"), 0.35), (label == "crawler-declared", 0.25)):
            w[rows] *= share / w[rows].sum()
        drawn = np.random.default_rng(seed).choice(len(x), 10_000, p=w / w.sum())
        self.network = MLPClassifier((32, 16), alpha=0.05, random_state=seed, max_iter=12, batch_size=200)
        self.network.fit(self.prepare(x[drawn]), hostile[drawn])

    def prepare(self, x):
        return np.clip((x - self.means) * self.scales, -DEVIATIONS, DEVIATIONS)

    def layers(self):
        """Weights and biases; the last layer gives two logits, of which the first is zero."""
        layers = list(zip(self.network.coefs_, self.network.intercepts_))
        matrix, bias = layers.pop()
        layers.append((np.c_[np.zeros(len(matrix)), matrix[:, 0]], np.array([0.0, bias[0]])))
        return [(m.astype(np.float32), b.astype(np.float32)) for m, b in layers]

    def score(self, x):
        h, layers = self.prepare(x.astype(np.float32)), self.layers()
        for i, (matrix, bias) in enumerate(layers):
            h = h @ matrix + bias
            h = np.maximum(h, 0) if i < len(layers) - 1 else h
        return h[:, 1] - h[:, 0]

    def to_bytes(self):
        """`model.bin`, see DenseNetwork.cs."""
        out = [b"WAFDNS1\n", struct.pack("<i", len(self.means)), self.means.tobytes(), self.scales.tobytes(),
               struct.pack("<i", len(self.layers()))]
        for matrix, bias in self.layers():
            out += [struct.pack("<i", matrix.shape[1]), matrix.T.astype("<f4").tobytes(), bias.astype("<f4").tobytes()]
        return b"".join(out)


def report(title, scores, hostile, label, source):
    """Recall at shares of the harmless rows flagged, all rows weighing the same, and by label and source at 1 %."""
    print(f"== {title}: {hostile.sum()} hostile rows, {(~hostile).sum()} harmless")
    rows = []
    for fpr in judge.FPR:
        t = judge.threshold_at(scores[~hostile], np.ones((~hostile).sum()), fpr)
        flagged = scores >= t
        rows.append({"fpr": fpr, "threshold": t, "recall": float(flagged[hostile].mean()),
                     **{name: float(flagged[label == name].mean()) for name in sorted(set(label))}})
        print("fpr %.3f recall %.3f | " % (fpr, rows[-1]["recall"]) + " ".join(f"{n} {rows[-1][n]:.3f}" for n in sorted(set(label))))
    return rows


def main():
    data = np.load(sys.argv[1], allow_pickle=False)
    x, hostile, source, label, position = (data[k] for k in ("x", "hostile", "source", "label", "position"))
    names = [str(n) for n in data["names"]]
    held_out = np.zeros(len(x))
    for group in judge.folds(source, hostile, 3):
        test = np.isin(source, group)
        held_out[test] = Network(x[~test], hostile[~test], source[~test], label[~test]).score(x[test])
    rows = report("sources left out", held_out, hostile, label, source)
    for n in (5, 10, 25, 50):
        at = position == n
        report(f"after {n} requests", held_out[at], hostile[at], label[at], source[at])
    for line in judge.by_source(held_out, hostile, source, rows[2]["threshold"]):
        print("source %s: %d hostile, recall %.3f; %d harmless, flagged %.4f" % line)
    final = Network(x, hostile, source, label)
    sample = x[np.random.default_rng(5).choice(len(x), 200, replace=False)]
    # Levels of a policy begin at 0.5 and 0.9: 1 % and 0.1 % of the harmless lie there.
    logit9 = np.log(9.0)
    slope = logit9 / max(rows[0]["threshold"] - rows[2]["threshold"], 0.1)
    intercept = -slope * rows[2]["threshold"]
    thresholds = {f"fpr_{r['fpr']}": float(1 / (1 + np.exp(-(slope * r["threshold"] + intercept)))) for r in rows}
    metrics = {f"recall_fpr_{r['fpr']}": round(r["recall"], 4) for r in rows}
    provenance = {"seed": "1", "rows": hashlib.sha256(x.tobytes()).hexdigest(), "sources": str(len(set(source))),
                  "split": "three groups of sources left out in turn"}
    path = release.write(sys.argv[2], "conduct", sys.argv[3], "dense-features", names, final.to_bytes(),
                         release.golden_lines(sample, final.score(sample)), (slope, intercept), thresholds, metrics, provenance)
    print(path, path.stat().st_size, json.dumps(metrics))


if __name__ == "__main__":
    main()
