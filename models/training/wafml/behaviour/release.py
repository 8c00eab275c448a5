"""Writes packages of behaviour: features, weights, golden vectors and a manifest, like those of the payload models."""

import json
from pathlib import Path

import numpy as np

from .. import packaging
from .features import CATALOGUE


def golden_lines(x, scores):
    return ("\n".join(json.dumps({"x": [float(v) for v in row], "score": float(s)}, separators=(",", ":"))
                      for row, s in zip(x, scores)) + "\n").encode()


def write(folder, name, version, kind, names, weights, golden, calibration, thresholds, metrics, provenance):
    features = packaging.canonical({"catalogue": 1, "features": names})
    manifest = {
        "name": name, "version": version, "kind": kind, "tokenizerDigest": packaging.digest(features),
        "featureSchemaDigest": packaging.digest("\n".join(CATALOGUE).encode()),
        "calibration": {"slope": float(calibration[0]), "intercept": float(calibration[1])}, "thresholds": thresholds,
        "metrics": metrics, "provenance": provenance}
    archive = packaging.write(manifest, {"features.json": features, "model.bin": weights, "golden.jsonl": golden})
    return packaging.save(Path(folder), name, version, archive)


def platt(scores, hostile, weights):
    """Slope and intercept by Newton's method on the logistic loss; both classes weigh the same."""
    w = weights.copy()
    w[hostile] /= w[hostile].sum()
    w[~hostile] /= w[~hostile].sum()
    mean, scale = scores.mean(), scores.std() or 1.0
    z = np.c_[(scores - mean) / scale, np.ones(len(scores))]
    beta = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ beta))
        gradient = z.T @ (w * (hostile - p)) - 1e-4 * beta
        hessian = (z * (w * p * (1 - p))[:, None]).T @ z + 1e-4 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    return beta[0] / scale, beta[1] - beta[0] * mean / scale
