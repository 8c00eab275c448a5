"""Trains a transformer on token rows (token_corpus.py) and judges it on the sources that were held out.

    python3 -m wafml.train_transformer CORPUS --run FOLDER [--shape transformer-small] [--epochs 3] [--rate 1e-3]

CPU and GPU by the same command; mixed precision on a GPU. Ends with `model.pt`, `model.onnx`, `judged.json` and
`curve.csv` in the run folder; a run that was cut goes on from `run.ckpt` when it is started again.
"""

import argparse
import csv
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .metrics import auc, threshold_at
from .subwords import PAD
from .token_corpus import HELD_OUT, TRAINING, VALIDATION, TokenCorpus
from .train_cnn import one_cycle
from .transformer import SHAPES, RequestTransformer, Shape, describe, parameters, to_onnx

FALSE_POSITIVES_MAX = 0.01
LENGTH_STEP = 16  # rows are padded to a multiple, and batches hold rows of like lengths
BENIGN_ROWS_MAX = 4  # of a request while training, drawn; judging reads all
ATTACK_ROWS_MAX = 16
HARD = 2  # tokens that attacks have, too, from which a harmless request counts as hard
SMOOTHING = 0.01
FAMILY_LOSS, TYPE_LOSS, DETECTOR_LOSS = 0.2, 0.1, 0.2


@dataclass
class Plan:
    """How a run learns."""

    epochs: int = 3
    samples: int = 0  # requests drawn an epoch; 0: as many as there are
    batch: int = 64  # requests
    accumulate: int = 1  # batches before a step
    rate: float = 1e-3
    warm_up: float = 0.06
    clip: float = 1.0
    decay: float = 0.01
    patience: int = 3  # validations without a better F1
    validate_every: int = 1000  # steps
    checkpoint_every: int = 500  # steps
    minutes: float = 0.0  # of the whole run, judging not counted; the rate falls in time. 0: as long as the steps take
    seed: int = 1
    device: str = "cpu"


class Batches:
    """Batches of whole requests, of like lengths, balanced: as many attacks as harmless requests, sources by the root
    of their size.
    """

    def __init__(self, corpus: TokenCorpus, part: int) -> None:
        self.corpus = corpus
        self.requests = np.flatnonzero(corpus.part == part)
        lengths = np.diff(corpus.row_bounds)
        first = corpus.request_bounds[:-1]
        self.longest = np.array([lengths[first[r]] for r in range(len(corpus))])

    def drawn(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """So many of this part's requests, both labels alike; hard harmless ones as if there were twice as many."""
        label, group = self.corpus.label[self.requests], self.corpus.group[self.requests]
        _, which, sizes = np.unique(group, return_inverse=True, return_counts=True)
        weight = np.where(self.corpus.hard[self.requests] >= HARD, 2.0, 1.0) / np.sqrt(sizes[which])
        for side in (0, 1):
            weight[label == side] /= max(float(weight[label == side].sum()), 1e-9)
        return rng.choice(self.requests, count, p=weight / weight.sum())

    def grouped(self, requests: np.ndarray, size: int, rng: "np.random.Generator | None") -> "list[np.ndarray]":
        """Batches of these requests; with `rng` in random order, rows of like lengths together."""
        noise = rng.random(len(requests)) * LENGTH_STEP if rng is not None else 0
        order = requests[np.argsort(self.longest[requests] + noise, kind="stable")]
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        if rng is not None:
            rng.shuffle(batches)
        return batches

    def rows(self, batch: np.ndarray, rng: "np.random.Generator | None" = None) -> "tuple[np.ndarray, np.ndarray]":
        """The padded token rows of a batch, and which of its requests each belongs to. With `rng`, for training, long
        requests show some of their rows; attacks the first ones, as a row without the payload would teach a lie.
        """
        c, chosen, owner = self.corpus, [], []
        for i, r in enumerate(batch):
            mine = np.arange(c.request_bounds[r], c.request_bounds[r + 1])
            if rng is not None:
                is_long = c.label[r] == 0 and len(mine) > BENIGN_ROWS_MAX
                mine = np.sort(rng.choice(mine, BENIGN_ROWS_MAX, replace=False)) if is_long else mine[:ATTACK_ROWS_MAX]
            chosen += list(mine)
            owner += [i] * len(mine)
        lengths = c.row_bounds[np.array(chosen) + 1] - c.row_bounds[chosen]
        width = -(-int(lengths.max()) // LENGTH_STEP) * LENGTH_STEP
        tokens = np.full((len(chosen), width), PAD, np.int64)
        for i, row in enumerate(chosen):
            tokens[i, : lengths[i]] = c.tokens[c.row_bounds[row] : c.row_bounds[row + 1]]
        return tokens, np.array(owner)


def worst_rows(logit: torch.Tensor, owner: np.ndarray, requests: int) -> torch.Tensor:
    """The row of each request whose logit is highest: a request is an attack if some row of it is."""
    z = logit.detach().float().cpu().numpy()
    order = np.lexsort((z, owner))
    last = np.append(np.flatnonzero(np.diff(owner[order])), len(owner) - 1)
    assert len(last) == requests
    return torch.from_numpy(order[last]).to(logit.device)


def loss_of(outputs, label: torch.Tensor, family: torch.Tensor, kind: torch.Tensor) -> torch.Tensor:
    """What a batch of requests costs; family and type below zero are not known."""
    logit, _, families, types, each = outputs
    target = label * (1 - 2 * SMOOTHING) + SMOOTHING
    loss = F.binary_cross_entropy_with_logits(logit, target)
    loss = loss + DETECTOR_LOSS * F.binary_cross_entropy_with_logits(each, target.unsqueeze(1).expand_as(each))
    for share, scores, truth in ((FAMILY_LOSS, families, family), (TYPE_LOSS, types, kind)):
        known = truth >= 0
        if known.any():
            loss = loss + share * F.cross_entropy(scores[known], truth[known])
    return loss


@torch.no_grad()
def score(
    model: RequestTransformer, batches: Batches, requests: np.ndarray, device: str = "cpu", size: int = 128
) -> "dict[str, np.ndarray]":
    """Every output for each of these requests, of its worst row, in their order."""
    model.eval()
    found: "dict[str, list]" = {"logit": [], "uncertainty": [], "family": [], "type": []}
    order = []
    for batch in batches.grouped(requests, size, None):
        tokens, owner = batches.rows(batch)
        outputs = [o.float().cpu() for o in model(torch.from_numpy(tokens).to(device))]
        worst = worst_rows(outputs[0], owner, len(batch))
        for name, values in zip(found, (outputs[0], outputs[1], outputs[2].argmax(1), outputs[3].argmax(1))):
            found[name].append(values[worst].numpy())
        order.append(batch)
    back = np.argsort(np.argsort(requests, kind="stable"), kind="stable")
    sort = np.argsort(np.concatenate(order), kind="stable")
    return {name: np.concatenate(values)[sort][back] for name, values in found.items()}


def f1(logit: np.ndarray, label: np.ndarray) -> float:
    """F1 at a probability of a half."""
    hit = int(((logit > 0) & (label == 1)).sum())
    return 2 * hit / max(1, int((logit > 0).sum()) + int((label == 1).sum()))


class Run:
    """One training run with all that a checkpoint needs."""

    def __init__(self, corpus: TokenCorpus, shape: Shape, plan: Plan, folder: Path, echo=print) -> None:
        torch.manual_seed(plan.seed)
        self.corpus, self.plan, self.folder, self.echo = corpus, plan, folder, echo
        self.model = RequestTransformer(shape).to(plan.device)
        plain = [p for p in self.model.parameters() if p.dim() < 2]
        matrices = [p for p in self.model.parameters() if p.dim() >= 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": plan.decay}, {"params": plain, "weight_decay": 0.0}], lr=plan.rate
        )
        self.scaler = torch.cuda.amp.GradScaler(enabled=plan.device != "cpu")
        self.rng = np.random.default_rng(plan.seed)
        self.batches, self.validation = Batches(corpus, TRAINING), Batches(corpus, VALIDATION)
        self.history: "list[dict]" = []
        self.step, self.best, self.best_state = 0, -1.0, None
        self.started, self.spent = time.monotonic(), 0.0
        self.samples = plan.samples or len(self.batches.requests)
        per_epoch = -(-self.samples // (plan.batch * plan.accumulate))
        self.steps = per_epoch * plan.epochs
        self.queue: "list[np.ndarray]" = []
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "run.ckpt").exists():
            self._resume()

    def fit(self) -> RequestTransformer:
        """Trains until the epochs are over or validation gets no better, and returns the best model."""
        losses: "list[float]" = []
        while self.progress() < 1:
            losses.append(self._step())
            self.step += 1
            if self.step % self.plan.validate_every == 0:
                self._validate(float(np.mean(losses)))
                losses = []
                if self._is_stale():
                    self.echo("  early stop: validation gets no better")
                    break
            if self.step % self.plan.checkpoint_every == 0:
                self.save()
        if losses:  # time may end a run anywhere
            self._validate(float(np.mean(losses)))
            self.save()
        if self.best_state is not None:
            self.model.load_state_dict(self.best_state)
        return self.model

    def progress(self) -> float:
        """How much of the run is done, 0 to 1: by steps, or by time where that goes faster."""
        by_time = (self._seconds() / 60) / self.plan.minutes if self.plan.minutes > 0 else 0.0
        return max(self.step / self.steps, min(1.0, by_time))

    def _seconds(self) -> float:
        return self.spent + time.monotonic() - self.started

    def _step(self) -> float:
        self.model.train()
        rate = self.plan.rate * one_cycle(self.progress(), self.plan.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for _ in range(self.plan.accumulate):
            loss = self._loss(self._next()) / self.plan.accumulate
            self.scaler.scale(loss).backward()
            total += float(loss.detach())
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        if not np.isfinite(total):
            raise FloatingPointError(f"the loss is {total} at step {self.step}")
        return total

    def _next(self) -> np.ndarray:
        if not self.queue:
            drawn = self.batches.drawn(self.samples, self.rng)
            self.queue = self.batches.grouped(drawn, self.plan.batch, self.rng)
        return self.queue.pop()

    def _loss(self, batch: np.ndarray) -> torch.Tensor:
        device, c = self.plan.device, self.corpus
        tokens, owner = self.batches.rows(batch, self.rng)
        with torch.autocast(torch.device(device).type, enabled=device != "cpu"):
            outputs = self.model(torch.from_numpy(tokens).to(device))
            worst = worst_rows(outputs[0], owner, len(batch))
            label, family, kind = (
                torch.from_numpy(a[batch].astype(t)).to(device)
                for a, t in ((c.label, np.float32), (c.family, np.int64), (c.type, np.int64))
            )
            return loss_of([o[worst].float() for o in outputs], label, family, kind)

    def _validate(self, loss: float) -> None:
        rows = self.validation.requests
        found = score(self.model, self.validation, rows, self.plan.device)
        now = self._seconds()
        row = {
            "step": self.step,
            "of": self.steps,
            "loss": loss,
            "f1": f1(found["logit"], self.corpus.label[rows]),
            "rate": self.optimizer.param_groups[0]["lr"],
            "seconds": now,
            "stepsPerSecond": self.step / now,
        }
        self.history.append(row)
        self.echo("  " + "  ".join(f"{k} {v:.4g}" for k, v in row.items()))
        with open(self.folder / "curve.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows(self.history)
        if row["f1"] >= self.best:
            self.best = row["f1"]
            self.best_state = {k: v.detach().cpu().clone() for k, v in self.model.state_dict().items()}

    def _is_stale(self) -> bool:
        values = [h["f1"] for h in self.history]
        return len(values) - 1 - int(np.argmax(values)) >= self.plan.patience

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "shape": describe(self.model.shape),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "rng": self.rng.bit_generator.state,
            "torch": torch.get_rng_state(),
            "step": self.step,
            "history": self.history,
            "best": self.best,
            "best_state": self.best_state,
            "queue": self.queue,
            "spent": self._seconds(),
        }
        part = self.folder / "run.ckpt.part"
        torch.save(state, part)
        part.replace(self.folder / "run.ckpt")

    def _resume(self) -> None:
        saved = torch.load(self.folder / "run.ckpt", map_location=self.plan.device)
        if saved["shape"] != describe(self.model.shape):
            raise ValueError("the checkpoint is of a network of another shape")
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        self.rng.bit_generator.state = saved["rng"]
        torch.set_rng_state(saved["torch"].cpu())
        self.step, self.history, self.queue = saved["step"], saved["history"], saved["queue"]
        self.best, self.best_state, self.spent = saved["best"], saved["best_state"], saved["spent"]
        self.echo(f"  resumed after step {self.step}")


def judge(model: RequestTransformer, corpus: TokenCorpus, device: str = "cpu") -> dict:
    """Figures on the sources that were held out, at two thresholds: one that validation sets (what a site gets that
    sets none), and one for the held-out harmless requests themselves.
    """
    return figures(corpus, outputs(model, corpus, device))


def requests_of(corpus: TokenCorpus) -> "dict[str, np.ndarray]":
    """The requests that judge: of validation, and of the sources that were held out."""
    parts = (("validation", VALIDATION), ("heldOut", HELD_OUT))
    return {name: np.flatnonzero(corpus.part == part) for name, part in parts}


def outputs(model: RequestTransformer, corpus: TokenCorpus, device: str = "cpu") -> "dict[str, dict[str, np.ndarray]]":
    """What the model says of the requests that judge."""
    return {
        name: score(model, Batches(corpus, VALIDATION), rows, device) for name, rows in requests_of(corpus).items()
    }


def figures(corpus: TokenCorpus, found: "dict[str, dict[str, np.ndarray]]") -> dict:
    """What `judge` says, from the outputs."""
    rows = requests_of(corpus)
    of_validation = threshold_at(
        found["validation"]["logit"][corpus.label[rows["validation"]] == 0], FALSE_POSITIVES_MAX
    )
    out: dict = {"validation": _figures(corpus, rows["validation"], found["validation"], of_validation)}
    if len(rows["heldOut"]):
        harmless = found["heldOut"]["logit"][corpus.label[rows["heldOut"]] == 0]
        out["heldOut"] = {"validationThreshold": _figures(corpus, rows["heldOut"], found["heldOut"], of_validation)}
        for rate in (0.01, 0.005, 0.001):
            out["heldOut"][f"fpr_{rate}"] = _figures(
                corpus, rows["heldOut"], found["heldOut"], threshold_at(harmless, rate)
            )
    return out


def _figures(corpus: TokenCorpus, rows: np.ndarray, found: "dict[str, np.ndarray]", threshold: float) -> dict:
    label, over = corpus.label[rows], found["logit"] > threshold
    attack, benign = label == 1, label == 0
    if not attack.any() or not benign.any():
        return {}
    sources = {
        g: [int((corpus.group[rows] == g).sum()), float(over[corpus.group[rows] == g].mean())]
        for g in sorted(set(corpus.group[rows]))
    }
    kinds = {
        a: [int((corpus.attack[rows] == a).sum()), float(over[corpus.attack[rows] == a].mean())]
        for a in sorted(set(corpus.attack[rows][attack]))
    }
    known, typed = attack & (corpus.family[rows] >= 0), attack & (corpus.type[rows] >= 0)
    wrong = over != attack
    hits = int((over & attack).sum())
    return {
        "threshold": threshold,
        "tpr": float(over[attack].mean()),
        "fpr": float(over[benign].mean()),
        "f1": 2 * hits / max(1, int(over.sum()) + int(attack.sum())),
        "auc": auc(found["logit"][attack], found["logit"][benign]),
        "meanOfSources": float(np.mean([s for g, (_, s) in sources.items() if g.startswith("attack:")])),
        "family": float((found["family"] == corpus.family[rows])[known].mean()) if known.any() else None,
        "type": float((found["type"] == corpus.type[rows])[typed].mean()) if typed.any() else None,
        "uncertaintyOfErrors": float(found["uncertainty"][wrong].mean()) if wrong.any() else None,
        "uncertaintyOfOthers": float(found["uncertainty"][~wrong].mean()),
        "sources": sources,
        "attacks": kinds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="transformer-small")
    parser.add_argument("--gradient-checkpointing", action="store_true")
    defaults = Plan()
    for name in (
        "epochs",
        "samples",
        "batch",
        "accumulate",
        "rate",
        "warm_up",
        "clip",
        "decay",
        "patience",
        "validate_every",
        "checkpoint_every",
        "minutes",
        "seed",
    ):
        value = getattr(defaults, name)
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--start", type=Path, help="weights to go on from (model.pt or run.ckpt)")
    o = parser.parse_args()
    corpus = TokenCorpus.load(o.corpus / "requests.npz")
    size = json.loads((o.corpus / "tokenizer.json").read_text())["model"]["vocab"]
    shape = replace(SHAPES[o.shape], vocabulary=len(size), checkpointing=o.gradient_checkpointing)
    plan = Plan(**{name: getattr(o, name) for name in vars(defaults) if hasattr(o, name)})
    run = Run(corpus, shape, plan, o.run)
    if o.start and not run.step:
        run.model.load_state_dict(torch.load(o.start, map_location=plan.device)["model"])
    bound = f"{run.steps:,} steps" + (f" or {plan.minutes:g} minutes" if plan.minutes else "")
    print(f"  {parameters(run.model):,} parameters, {len(run.batches.requests):,} requests, {bound}")
    model = run.fit()
    torch.save({"shape": describe(shape), "model": model.state_dict()}, o.run / "model.pt")
    found = outputs(model, corpus, plan.device)
    np.savez_compressed(o.run / "outputs.npz", **{f"{p}/{name}": v for p, f in found.items() for name, v in f.items()})
    judged = figures(corpus, found)
    (o.run / "judged.json").write_text(json.dumps(judged, indent=1))
    (o.run / "model.onnx").write_bytes(to_onnx(model.cpu()))
    print(json.dumps({k: v for k, v in judged.get("heldOut", judged["validation"]).items()}, indent=1))


if __name__ == "__main__":
    main()
