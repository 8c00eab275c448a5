"""Figures of merit, without a library, so that they are the same everywhere."""

import numpy as np


def threshold_at(benign: np.ndarray, rate: float) -> float:
    """The lowest threshold whose false-positive share on these benign scores is at most `rate` (score > threshold)."""
    allowed = int(np.floor(rate * len(benign)))
    return float(np.sort(benign)[::-1][min(allowed, len(benign) - 1)])


def recall_at(attack: np.ndarray, benign: np.ndarray, rate: float) -> float:
    return float((attack > threshold_at(benign, rate)).mean())


def auc(attack: np.ndarray, benign: np.ndarray) -> float:
    ranks = np.searchsorted(np.sort(benign), attack, "left") + np.searchsorted(np.sort(benign), attack, "right")
    return float(ranks.mean() / (2 * len(benign)))


def expected_calibration_error(probability: np.ndarray, label: np.ndarray, bins: int = 15) -> float:
    which = np.minimum((probability * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        mask = which == b
        if mask.any():
            total += abs(probability[mask].mean() - label[mask].mean()) * mask.mean()
    return float(total)


def platt(logit: np.ndarray, label: np.ndarray, weight: "np.ndarray | None" = None, steps: int = 100) -> "tuple[float, float]":
    """Slope and intercept of the calibration by Newton's method."""
    w = np.ones(len(logit)) if weight is None else weight
    slope, intercept = 1.0, 0.0
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(slope * logit + intercept, -30, 30)))
        g0, g1 = (w * (p - label)).sum(), (w * (p - label) * logit).sum()
        h = w * p * (1 - p) + 1e-9
        a, b, c = h.sum(), (h * logit).sum(), (h * logit * logit).sum() + 1e-6
        det = a * c - b * b
        step0, step1 = (c * g0 - b * g1) / det, (a * g1 - b * g0) / det
        intercept, slope = intercept - step0, slope - step1
        if abs(step0) + abs(step1) < 1e-9:
            break
    return float(slope), float(intercept)
