"""Fits a network on windows: balanced sampling, length buckets, one-cycle rate, clipping, early stopping, checkpoints."""

import csv
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .cnn import FAMILIES
from .features import LENGTH_BUCKETS, tokens
from .progress import Progress

BATCH = 256
FAMILY_LOSS = 0.2
CLIP_NORM = 1.0
RATE = 3e-3


class TokenTable:
    """Token rows of windows, packed by length bucket."""

    def __init__(self, text: "list[bytes]", flags: np.ndarray) -> None:
        rows = [tokens(w, int(f)) for w, f in zip(text, flags)]
        self.bucket = np.array([LENGTH_BUCKETS.index(len(r)) for r in rows], dtype=np.int8)
        self.slot = np.zeros(len(rows), dtype=np.int64)
        self.packed = []
        for b, length in enumerate(LENGTH_BUCKETS):
            mine = np.flatnonzero(self.bucket == b)
            self.slot[mine] = np.arange(len(mine))
            self.packed.append(np.array([rows[i] for i in mine], dtype=np.int16).reshape(len(mine), length))

    def batches(self, rows: np.ndarray, size: int):
        """Batches of equal length out of these rows, in their order within each bucket."""
        for b in range(len(LENGTH_BUCKETS)):
            mine = rows[self.bucket[rows] == b]
            step = max(32, min(size, size * 64 // LENGTH_BUCKETS[b]))
            for at in range(0, len(mine), step):
                yield mine[at:at + step]

    def take(self, batch: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.packed[self.bucket[batch[0]]][self.slot[batch]].astype(np.int64))


def one_cycle(progress: float, warm_up: float = 0.05, floor: float = 0.01) -> float:
    """Share of the top rate: a short linear warm-up, then a cosine down to the floor."""
    if progress < warm_up:
        return max(progress / warm_up, floor)
    return floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * min(1.0, (progress - warm_up) / (1 - warm_up))))


@torch.no_grad()
def logits(model: torch.nn.Module, table: TokenTable, rows: np.ndarray, size: int = 1024) -> np.ndarray:
    """Logits of these rows, in their order."""
    model.eval()
    out = np.zeros(len(table.bucket), dtype=np.float32)
    for batch in table.batches(rows, size):
        out[batch] = model(table.take(batch))[0].numpy()
    return out[rows]


def fit(model, table: TokenTable, label: np.ndarray, family: np.ndarray, weight: np.ndarray, samples: int, epochs: int, seed: int,
        validation: "tuple[np.ndarray, np.ndarray, np.ndarray] | None" = None, rate: float = RATE, curves: "Path | None" = None, checkpoint: "Path | None" = None,
        patience: int = 3, echo=print) -> "list[dict]":
    """`samples` rows an epoch, drawn by weight. `validation`: rows, labels, weights. Keeps the weights of the best validation loss; resumes from `checkpoint`."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-2)
    probability = weight / weight.sum()
    history, best, best_state, first = [], np.inf, None, 0
    if checkpoint and checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        history, best, best_state, first = saved["history"], saved["best"], saved["best_state"], saved["epoch"]
        rng.bit_generator.state = saved["rng"]
        echo(f"  resumed after epoch {first}")
    for epoch in range(first, epochs):
        started = time.monotonic()
        drawn = rng.choice(len(label), samples, p=probability)
        batches = list(table.batches(drawn, BATCH))
        rng.shuffle(batches)
        loss = _epoch(model, table, label, family, batches, optimizer, lambda done: rate * one_cycle((epoch + done / samples) / epochs),
                      Progress(f"epoch {epoch + 1}/{epochs}", len(batches)))
        row = {"epoch": epoch + 1, "loss": loss, "rate": optimizer.param_groups[0]["lr"], "seconds": time.monotonic() - started}
        if validation is not None:
            rows, v, w = validation
            z = logits(model, table, rows).astype(float)
            row["validation"] = float((w * (np.logaddexp(0, z) - v * z)).sum() / w.sum())
            if row["validation"] < best:
                best, best_state = row["validation"], {k: t.clone() for k, t in model.state_dict().items()}
        history.append(row)
        echo("  " + "  ".join(f"{k} {x:.4g}" for k, x in row.items()))
        if curves:
            with open(curves, "w", newline="") as file:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
                writer.writerows(history)
        if checkpoint:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "history": history, "best": best, "best_state": best_state, "epoch": epoch + 1, "rng": rng.bit_generator.state}, checkpoint)
        if validation is not None and len(history) - 1 - int(np.argmin([h["validation"] for h in history])) >= patience:
            echo(f"  early stop: {patience} epochs without a better validation loss")
            break
    if best_state is not None:
        model.load_state_dict(best_state)
    return history


def _epoch(model, table, label, family, batches, optimizer, rate_at, progress) -> float:
    model.train()
    total = count = 0
    for batch in batches:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(count)
        y = torch.from_numpy(label[batch].astype(np.float32))
        z, kinds = model(table.take(batch))
        loss = F.binary_cross_entropy_with_logits(z, y * 0.99 + 0.005)
        known = torch.from_numpy((family[batch] >= 0) & (label[batch] > 0.5))
        total_loss = loss
        if known.any():
            total_loss = loss + FAMILY_LOSS * F.cross_entropy(kinds[known], torch.from_numpy(family[batch].astype(np.int64))[known])
        optimizer.zero_grad(set_to_none=True)
        total_loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        total += float(loss.detach()) * len(batch)
        count += len(batch)
        progress.step(total / count)
    return total / max(count, 1)


def family_codes(names: np.ndarray) -> np.ndarray:
    """Index in FAMILIES, -1 for none."""
    known = {f: i for i, f in enumerate(FAMILIES)}
    return np.array([known.get(n, known["other"] if n else -1) for n in names], dtype=np.int8)
