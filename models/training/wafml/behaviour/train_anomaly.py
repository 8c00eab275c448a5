"""Trains, judges and packages `anomaly`: `python3 -m wafml.behaviour.train_anomaly rows.npz PACKAGES VERSION`."""

import hashlib
import json
import sys

import numpy as np

from . import forest, judge, release


def calibration_through(points):
    """Slope and intercept of log-odds through two points (score, probability)."""
    (s1, p1), (s2, p2) = points
    logit = lambda p: np.log(p / (1 - p))
    slope = (logit(p2) - logit(p1)) / (s2 - s1)
    return slope, logit(p1) - slope * s1


def main():
    data = np.load(sys.argv[1], allow_pickle=False)
    x, hostile, source, label, position = (data[k] for k in ("x", "hostile", "source", "label", "position"))
    names = [str(n) for n in data["names"]]
    held_out = np.zeros(len(x))
    for group in judge.folds(source, hostile):
        test = np.isin(source, group)
        model = forest.Forest(x[~test], hostile[~test], source[~test], label[~test], names)
        held_out[test] = model.score(x[test])
        print("fold", len(group), "sources", flush=True)
    rows = judge.table(held_out, hostile, source, label)
    print(json.dumps(rows, indent=1))
    for n in (5, 10, 25, 50):
        at = position == n
        if hostile[at].sum() > 20:
            print("after", n, [(r["fpr"], round(r["recall"], 3)) for r in judge.table(held_out[at], hostile[at], source[at], label[at])])
    at21 = rows[3]["threshold"]
    for line in judge.by_source(held_out, hostile, source, at21):
        print("source %s: %d hostile, recall %.3f; %d harmless, flagged %.4f" % line)
    final = forest.Forest(x, hostile, source, label, names)
    weights = final.to_bytes()
    rng = np.random.default_rng(5)
    sample = x[rng.choice(len(x), 200, replace=False)][:, final.chosen].astype(np.float32)
    scores = forest.run(weights, sample)
    plain = final.score(x[:2000])
    again = forest.run(weights, x[:2000][:, final.chosen].astype(np.float32))
    print("largest difference between the library and the file:", float(np.abs(plain - again).max()))
    # Levels of a policy begin at 0.5, 0.7 and 0.9: false positives of 2.1 % and 0.1 % lie at 0.5 and 0.9.
    slope, intercept = calibration_through([(rows[3]["threshold"], 0.5), (max(rows[0]["threshold"], rows[3]["threshold"] + 1e-3), 0.9)])
    thresholds = {f"fpr_{r['fpr']}": float(1 / (1 + np.exp(-(slope * r["threshold"] + intercept)))) for r in rows}
    metrics = {f"recall_fpr_{r['fpr']}": round(r["recall"], 4) for r in rows}
    provenance = {"seed": "1", "rows": hashlib.sha256(x.tobytes()).hexdigest(), "sources": str(len(set(source))),
                  "split": "six groups of sources left out in turn"}
    path = release.write(sys.argv[2], "anomaly", sys.argv[3], "isolation-forest", final.names, weights,
                         release.golden_lines(sample, scores), (slope, intercept), thresholds, metrics, provenance)
    print(path, path.stat().st_size, final.names)


if __name__ == "__main__":
    main()
