"""Fits the gate: logistic regression over hashed n-grams by mini-batch AdaGrad, then 8-bit weights."""

import time

import numpy as np

from .features import BUCKETS
from .gate import NORMS, Gate, WindowRows
from .normalize import FLAGS
from .scan import WHOLE

BATCH_ROWS = 4096
SEEN_EPOCHS = 4


class GateTrainer:
    """Float weights of the linear model. `fit` goes over all rows; rows of weight 0 cost time but teach nothing."""

    scale, growth = 1.0, 0.0

    def __init__(self, rate: float = 0.3, l2: float = 0.0):
        self.rate, self.l2 = rate, l2
        self.weights = np.zeros(BUCKETS)
        self.dense = np.zeros(FLAGS + WHOLE)
        self.bias = 0.0
        self._squares = np.full(BUCKETS, 1e-6)
        self._dense_squares = np.full(FLAGS + WHOLE, 1e-2)
        self._bias_square = 1e-2

    @classmethod
    def resumed(cls, gate: Gate, rows: WindowRows, label: np.ndarray, weight: np.ndarray) -> "GateTrainer":
        """A trainer with the weights of a released gate, to go on. AdaGrad's steps begin large where it has seen no gradient, which would undo what was
        learned, so these rows' gradients are added up first, as those of SEEN_EPOCHS epochs, with the weights as they are."""
        trainer = cls()
        trainer.weights = gate.weights.astype(np.float64) * float(gate.scale)
        trainer.dense = np.concatenate([gate.flag_weights.astype(np.float64), gate.offsets.astype(np.float64)])
        trainer.bias = float(gate.bias)
        kept = trainer.weights.copy(), trainer.dense.copy(), trainer.bias
        trainer.rate = 0.0
        trainer.fit(rows, label, weight, 1)
        trainer.rate = cls().rate
        trainer.weights, trainer.dense, trainer.bias = kept
        trainer._squares *= SEEN_EPOCHS
        trainer._dense_squares *= SEEN_EPOCHS
        trainer._bias_square *= SEEN_EPOCHS
        return trainer

    @property
    def flag_weights(self) -> np.ndarray:
        return self.dense[:FLAGS]

    @property
    def gains(self) -> np.ndarray:
        return 1.0 / NORMS

    @property
    def offsets(self) -> np.ndarray:
        return self.dense[FLAGS:]

    def logits(self, rows: WindowRows) -> np.ndarray:
        return rows.reduce(self.weights) / rows.root + rows.dense() @ self.dense + self.bias

    def fit(self, rows: WindowRows, label: np.ndarray, weight: np.ndarray, epochs: int, echo=None) -> "list[float]":
        losses = []
        dense = rows.dense()
        for epoch in range(epochs):
            started = time.monotonic()
            rate = self.rate * (1.0 if epoch < epochs * 0.6 else 0.3)
            total = mass = 0.0
            for at in range(0, len(label), BATCH_ROWS):
                end = min(at + BATCH_ROWS, len(label))
                w = weight[at:end]
                if not w.any():
                    continue
                loss = self._step(rows, dense[at:end], at, end, label[at:end], w, rate)
                total += loss
                mass += w.sum()
            losses.append(total / max(mass, 1e-9))
            if echo:
                echo(f"  gate epoch {epoch + 1}/{epochs} loss {losses[-1]:.4f} ({time.monotonic() - started:.1f} s)")
        return losses

    def _step(self, rows: WindowRows, dense: np.ndarray, at: int, end: int, y: np.ndarray, w: np.ndarray, rate: float):
        low, high = rows.bounds[at], rows.bounds[end]
        indices = rows.indices[low:high]
        bounds = rows.bounds[at:end] - low
        root = rows.root[at:end]
        z = np.add.reduceat(self.weights[indices], bounds) / root + dense @ self.dense + self.bias
        p = 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))
        slope = w * (p - y) / w.sum()
        gradient = np.bincount(indices, np.repeat(slope / root, rows.counts[at:end]), BUCKETS)
        gradient += self.l2 * self.weights
        self._squares += gradient * gradient
        self.weights -= rate * gradient / np.sqrt(self._squares)
        dense_gradient = slope @ dense
        self._dense_squares += dense_gradient * dense_gradient
        self.dense -= rate * dense_gradient / np.sqrt(self._dense_squares)
        np.maximum(self.flag_weights, 0.0, out=self.flag_weights)  # a flag below zero could be bought
        self._bias_square += slope.sum() ** 2
        self.bias -= rate * slope.sum() / np.sqrt(self._bias_square)
        return float((w * (np.logaddexp(0, z) - y * z)).sum())

    def quantize(self) -> Gate:
        """8-bit weights; the few that lie beyond the 99.99th percentile are clipped."""
        top = max(float(np.quantile(np.abs(self.weights), 0.9999)), 1e-9)
        scale = np.float32(top / 127)
        weights = np.clip(np.rint(self.weights / float(scale)), -127, 127).astype(np.int8)
        return Gate(weights, self.flag_weights.astype(np.float32), np.float32(self.bias), scale, (float(scale) / NORMS).astype(np.float32),
                    self.offsets.astype(np.float32))
