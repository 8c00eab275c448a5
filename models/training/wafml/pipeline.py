"""From data to released packages in one command; every stage is kept in the run folder and resumed from there."""

import argparse
import hashlib
import pickle
import time
from pathlib import Path

import numpy as np
import torch

from . import corpus as corpora
from . import packaging, release, report, train_cnn
from .cnn import PayloadCnn, SeedCnn
from .dataset import load
from .export import quantized_copy
from .loso import OutOfFold, RATES, evaluate, pooled, real_requests
from .metrics import auc, recall_at
from .splits import leave_one_out, split_by_source


class Run:
    """The run folder: results of stages by name, with the time they took."""

    def __init__(self, folder: Path, echo=print) -> None:
        self.folder, self.echo = folder, echo
        folder.mkdir(parents=True, exist_ok=True)

    def stage(self, name: str, make):
        path = self.folder / f"{name}.pkl"
        if path.exists():
            self.echo(f"{name}: kept from an earlier run")
            return pickle.loads(path.read_bytes())
        self.echo(f"{name} ...")
        started = time.monotonic()
        result = make()
        self.echo(f"{name}: {time.monotonic() - started:.0f} s")
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(pickle.dumps(result, protocol=4))
        temporary.replace(path)
        return result


def arguments(argv: "list[str] | None" = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path, help="labelled requests: .jsonl[.gz], .har, .log")
    parser.add_argument("--run", type=Path, default=Path("runs/default"), help="folder of stages; resumed when it exists")
    parser.add_argument("--packages", type=Path, default=Path(__file__).parents[2] / "packages")
    parser.add_argument("--report", type=Path, help="report without quoted data, beside the full one in the run folder")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generated", type=int, default=60000, help="values from each own grammar")
    parser.add_argument("--augmented", type=float, default=0.25, help="encoded copies for each recorded value")
    parser.add_argument("--samples", type=int, default=200000, help="windows an epoch")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--loso-samples", type=int, default=60000)
    parser.add_argument("--loso-epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="keep every n-th request only, for trials")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compare", action="store_true", help="also train the seed system's network on the 70/15/15 split")
    return parser.parse_args(argv)


class Trainer:
    """The stages, in order."""

    def __init__(self, options: argparse.Namespace, echo=print) -> None:
        self.o, self.echo = options, echo
        self.run = Run(options.run, echo)
        torch.set_num_threads(options.threads)

    def go(self) -> "list[Path]":
        o = self.o
        self.corpus = self.run.stage("corpus", lambda: corpora.build(load(o.data, o.limit, self.echo), o.generated, o.augmented, o.seed, self.echo))
        c = self.corpus
        self.real = real_requests(c)
        self.folds = leave_one_out(c.groups[self.real])
        gate_fold, gate_rows = self.run.stage("oof_gate", self.gate_out_of_fold)
        gate = self.run.stage("gate", lambda: c.fit_gate(np.ones(len(c.data), bool), echo=self.echo)[0])
        self.tokens = self.run.stage("tokens", lambda: train_cnn.TokenTable(c.windows.text, c.windows.rows.flags))
        cnn_rows = self.run.stage("oof_cnn", lambda: self.cnn_out_of_fold(gate_rows))
        state = self.run.stage("cnn", lambda: self.fit_cnn(gate).state_dict())
        model = PayloadCnn()
        model.load_state_dict(state)
        return self.package(gate, gate_fold, gate_rows, model.eval(), cnn_rows)

    def gate_out_of_fold(self):
        rows = {}

        def score(mask, fold):
            logits = self.corpus.fit_gate(mask)[0].quantize().logits(self.corpus.windows.rows)
            rows[fold.name] = logits.astype(np.float32)
            return self.corpus.windows.request_max(logits)

        return evaluate(self.corpus, score, self.echo), rows

    def cnn_targets(self, mask: np.ndarray, gate_logits: np.ndarray):
        """Labels, families and weights of rows; the gate says which part of an attack is the payload."""
        win = self.corpus.windows
        label, weight = self.corpus.row_targets(mask, gate_logits)
        family = np.full(len(label), -1, np.int8)
        request, row = win.request_argmax(gate_logits)
        family[row] = train_cnn.family_codes(self.corpus.data.attack)[request]
        return label, family, weight

    def cnn_out_of_fold(self, gate_rows: "dict[str, np.ndarray]") -> "dict[str, np.ndarray]":
        win, out = self.corpus.windows, {}
        for fold in self.folds:
            held = np.isin(self.corpus.groups, fold.attack + fold.benign)
            torch.manual_seed(self.o.seed + 1)
            model = PayloadCnn()
            label, family, weight = self.cnn_targets(~held, gate_rows[fold.name].astype(float))
            train_cnn.fit(model, self.tokens, label, family, weight, self.o.loso_samples, self.o.loso_epochs, self.o.seed + 1, echo=self.echo)
            needed = np.unique(win.pairs_row[(held & self.real)[win.pairs_request]])
            out[fold.name] = np.full(len(win.text), -30.0, np.float32)
            out[fold.name][needed] = train_cnn.logits(model, self.tokens, needed)
        return out

    def fit_cnn(self, gate) -> PayloadCnn:
        """On all sources; how many epochs are enough was found on the split (`--compare`)."""
        targets = self.cnn_targets(np.ones(len(self.corpus.data), bool), gate.logits(self.corpus.windows.rows))
        torch.manual_seed(self.o.seed)
        model = PayloadCnn()
        train_cnn.fit(model, self.tokens, *targets, self.o.samples, self.o.epochs, self.o.seed, curves=self.o.run / "cnn-curve.csv",
                      checkpoint=self.o.run / "cnn.ckpt", echo=self.echo)
        return model

    def compare(self) -> "list[list]":
        """Seed network and successor on the 70/15/15 split by source: early stopping on validation, figures on test."""
        c, rows = self.corpus, []
        side = split_by_source(c.groups, self.o.seed)
        real, label = self.real, c.data.label
        gate = c.fit_gate(side == 0)[0].logits(c.windows.rows)
        y, family, weight = self.cnn_targets(side == 0, gate)
        check_y, _, check_weight = self.cnn_targets((side == 1) & real, gate)
        validation = np.random.default_rng(0).permutation(np.flatnonzero(check_weight > 0))[:20000]
        tested = (side == 2) & real
        needed = np.unique(c.windows.pairs_row[tested[c.windows.pairs_request]])
        for name, model in (("seed network", SeedCnn()), ("payload-cnn", PayloadCnn())):
            torch.manual_seed(self.o.seed)
            history = train_cnn.fit(model, self.tokens, y, family, weight, self.o.loso_samples, 2 * self.o.loso_epochs, self.o.seed,
                                    validation=(validation, check_y[validation], check_weight[validation]), echo=self.echo)
            z = np.full(len(c.windows.text), -30.0)
            started = time.process_time()
            z[needed] = train_cnn.logits(model, self.tokens, needed)
            cost = (time.process_time() - started) / len(needed)
            scores = c.windows.request_max(z)
            a, b = scores[tested & (label == 1)], scores[tested & (label == 0)]
            half = float(((a > 0).sum() + (b <= 0).sum()) / (len(a) + len(b)))
            rows.append([name, sum(p.numel() for p in model.parameters()), len(history), auc(a, b), recall_at(a, b, 0.005), recall_at(a, b, 0.01),
                         half, cost * 1e6])
        return rows

    def package(self, gate, gate_fold, gate_rows, model, cnn_rows) -> "list[Path]":
        o, c = self.o, self.corpus
        options = {"generated": o.generated, "augmented": o.augmented, "samples": o.samples, "epochs": o.epochs}
        harmless = np.concatenate([gate_rows[f.name][c.windows.pairs_row[(np.isin(c.groups, f.benign) & self.real)[c.windows.pairs_request]]]
                                   for f in self.folds])
        archive = release.gate_package(gate.quantize(), o.version, c, gate_fold, harmless, o.seed, options)
        paths = [packaging.save(o.packages, "gate", o.version, archive)]
        alone = np.full(len(c.data), np.nan)
        for fold in self.folds:
            held = np.isin(c.groups, fold.attack + fold.benign) & self.real
            alone[held] = c.windows.request_max(cnn_rows[fold.name])[held]
        cascade = release.fit_cascade(c, gate_rows, cnn_rows, self.folds, self.real)
        banded = release.as_run(c, cascade, packaging.read(archive)[0], gate_rows, cnn_rows, self.folds, self.real)
        quantized, notes = self.quantisation(model)
        archive = release.cnn_package(model, o.version, c, alone, cascade, banded, packaging.digest(archive), o.seed, options, quantized)
        paths.append(packaging.save(o.packages, "payload-cnn", o.version, archive))
        scores = {"gate": gate_fold.scores, "payload-cnn": alone, "sum everywhere": cascade.scores * (cascade.gate_slope + cascade.slope), "cascade as run": banded}
        calibrated = {"gate": release.calibration_of(c, gate_fold.scores), "payload-cnn": release.calibration_of(c, alone),
                      "sum everywhere": (1.0, cascade.intercept), "cascade as run": (1.0, 0.0)}
        notes = [f"- seed {o.seed}, data SHA-256 `{c.data.digest}`", *notes]
        if o.compare:
            notes += ["\n## Seed network and successor on the 70/15/15 split by source\n",
                      report.table(["network", "parameters", "epochs", "AUC", "recall at 0.5 %", "recall at 1 %", "accuracy at 0.5", "CPU µs a window"],
                                   self.run.stage("compare", self.compare))]
        self.write_report(scores, calibrated, [n + "\n" for n in notes])
        for path in paths:
            self.echo(f"{path}  {path.stat().st_size:,} bytes  sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
        return paths

    def write_report(self, scores, calibrated, notes) -> None:
        """With the worst errors in the run folder; without them, as they quote the data, where the option says."""
        (self.o.run / "report.md").write_text(report.write(self.corpus, scores, calibrated, notes), encoding="utf-8")
        if self.o.report:
            self.o.report.write_text(report.write(self.corpus, scores, calibrated, notes, with_errors=False), encoding="utf-8")

    def quantisation(self, model: PayloadCnn) -> "tuple[dict[str, float], list[str]]":
        """What 8-bit weights cost, on a sample of windows of the data itself."""
        rows = np.random.default_rng(self.o.seed).permutation(len(self.corpus.windows.text))[:10000]
        exact, rounded = (train_cnn.logits(m, self.tokens, rows).astype(float) for m in (model, quantized_copy(model)))
        difference = np.abs(exact - rounded)
        figures = {"int8LogitDifferenceMean": float(difference.mean()), "int8LogitDifferenceMax": float(difference.max()),
                   "int8DecisionsChanged": float(((exact > 0) != (rounded > 0)).mean())}
        return figures, ["- 8-bit weights: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items())]


def main() -> None:
    Trainer(arguments(), lambda text: print(text, flush=True)).go()


if __name__ == "__main__":
    main()
