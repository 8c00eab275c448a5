"""Trains, judges and packages `flood`: `python3 -m wafml.behaviour.train_flood sessions.jsonl.gz PACKAGES VERSION`.

A dense network of 30 features (32, 16, 3 classes). Ordinary are benign sessions and declared crawlers, and scanners and
guessers too: loud, but no floods. Judged on sources and on families of tools that training did not see.
"""

import json
import random
import struct
import sys

import numpy as np
from sklearn.neural_network import MLPClassifier

from . import floods, judge, release, sessions

NAMES = ["requests_1m", "log_requests_1m", "requests_5m", "fast_share_1m", "asset_share_1m", "referer_share_1m", "write_share_1m",
         "client_error_share_1m", "server_error_share_1m", "new_route_share_1m", "kilobytes_1m", "seconds_1m", "seconds_mean_1m",
         "busy_1m", "kilobytes_per_second", "burst_1m_5m", "client_log_age", "client_rate", "hammering_1m", "seq_gap_mean",
         "seq_gap_variation", "seq_gap_regularity", "seq_gap_median", "seq_top_route_share", "seq_route_entropy", "seq_top_size_share",
         "seq_ms_mean", "seq_ms_most", "seq_ms_trend", "seq_query_share"]
POSITIONS = (10, 25, 50)


def rows(requests, rng):
    return [row for n, row in sessions.rows_of(requests, NAMES, POSITIONS, floods.ordinary_ms(rng)) if n >= 5]


def main():
    rng = random.Random(3)
    x, y, group, family = [], [], [], []

    def add(requests, kind, source, name):
        for row in rows(requests, rng):
            x.append(row)
            y.append(floods.CLASSES.index(kind))
            group.append(source)
            family.append(name)

    for s in sessions.read(sys.argv[1], 40):
        kind = "flood" if s["label"] == "flood" else "ordinary"
        add(s["requests"], kind, s["source"], s["label"])
    for kind, name, requests in floods.sessions(floods.TRAIN, 250, 11):
        add(requests, kind, "train", name)
    for kind, name, requests in floods.sessions(floods.TEST, 250, 12):
        add(requests, kind, "test", name)
    x, y, group, family = np.array(x, dtype=np.float32), np.array(y), np.array(group), np.array(family)
    own = np.isin(group, ["train", "test"])
    sources = sorted(set(group[~own]))
    held = set(sources[::3]) | {s for s in sources if (family[group == s] == "flood").any()}
    test = (group == "test") | np.isin(group, sorted(held))
    means, scales = x[~test].mean(0), 1 / np.maximum(x[~test].std(0), 1e-6)
    z = np.clip((x - means) * scales, -8, 8)
    # Every class, and within the ordinary one every source, weighs the same: rows are drawn with these weights.
    train = np.flatnonzero(~test)
    w = judge.weights_by_source(np.array([f"{c}/{g}/{f if g == 'train' else ''}" for c, g, f in zip(y, group, family)]))[train]
    for c in range(3):
        w[y[train] == c] /= w[y[train] == c].sum()
    drawn = np.random.default_rng(1).choice(train, 12_000, p=w / w.sum())
    network = MLPClassifier((32, 16), alpha=1e-3, random_state=1, max_iter=60, early_stopping=True).fit(z[drawn], y[drawn])
    weights = [b"WAFDNS1\n", struct.pack("<i", len(NAMES)), means.astype("<f4").tobytes(), scales.astype("<f4").tobytes(),
               struct.pack("<i", len(network.coefs_))]
    for matrix, bias in zip(network.coefs_, network.intercepts_):
        weights += [struct.pack("<i", matrix.shape[1]), matrix.T.astype("<f4").tobytes(), bias.astype("<f4").tobytes()]

    def score(values):
        h = np.clip((values - means.astype(np.float32)) * scales.astype(np.float32), -8, 8)
        for i, (matrix, bias) in enumerate(zip(network.coefs_, network.intercepts_)):
            h = h @ matrix.astype(np.float32) + bias.astype(np.float32)
            h = np.maximum(h, 0) if i < len(network.coefs_) - 1 else h
        return np.logaddexp(h[:, 1], h[:, 2]) - h[:, 0]

    scores = score(x)
    hostile = y > 0
    for title, rows_ in (("sources and tools left out", test), ("training", ~test)):
        w = judge.weights_by_source(np.array([f"{g}/{f}" for g, f in zip(group, family)]))
        t = judge.threshold_at(scores[rows_ & ~hostile], w[rows_ & ~hostile], 0.021)
        print(title, "threshold at 2.1 %:", round(t, 3))
        for name in sorted(set(family[rows_])):
            at = rows_ & (family == name)
            print(f"  {name}: {at.sum()} rows, over the threshold {np.mean(scores[at] >= t):.3f}, over 0.2 {np.mean(scores[at] >= np.log(0.25)):.3f}")
        if title.startswith("sources"):
            recall = float(np.mean(scores[rows_ & hostile] >= t))
            threshold = t
            print("  recall", recall)
    rng2 = np.random.default_rng(5)
    sample = x[rng2.choice(len(x), 200, replace=False)]
    provenance = {"seed": "1", "positives": "generated, see wafml/behaviour/floods.py", "split": "every third source and other families of tools left out"}
    path = release.write(sys.argv[2], "flood", sys.argv[3], "dense-features", NAMES, b"".join(weights),
                         release.golden_lines(sample, score(sample)), (1.0, -threshold), {"fpr_0.021": 0.5},
                         {"recall_fpr_0.021": round(recall, 4)}, provenance)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
