"""From data to released packages in one command; every stage is kept in the run folder and resumed from there."""

import argparse
import hashlib
import json
import os
import pickle
import time
from pathlib import Path

import numpy as np
import torch

from . import content
from . import corpus as corpora
from . import joint, judge, packaging, refine, release, report, signals, train_cnn
from .cnn import PayloadCnn, SeedCnn, from_kernel
from .dataset import load
from .export import quantized_copy
from .forked import forked
from .gate import scan
from .loso import OutOfFold, RATES, evaluate, pooled, real_requests
from .metrics import auc, best_threshold, recall_at, threshold_at
from .splits import leave_one_out, split_by_source


JUDGED_A_FOLD = 60


class Run:
    """The run folder: results of stages by name, with the time they took."""

    def __init__(self, folder: Path, echo=print) -> None:
        self.folder, self.echo, self.depth = folder, echo, 0
        folder.mkdir(parents=True, exist_ok=True)

    def times(self) -> "dict[str, list]":
        """Seconds of each stage, and the machine's load average over the 15 minutes before its end."""
        path = self.folder / "times.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def part(self, name: str, make):
        """A stage within another: kept, but its time is the outer one's."""
        self.depth += 1
        try:
            return self.stage(name, make)
        finally:
            self.depth -= 1

    def stage(self, name: str, make):
        path = self.folder / f"{name}.pkl"
        if path.exists():
            self.echo(f"{name}: kept from an earlier run")
            return pickle.loads(path.read_bytes())
        self.echo(f"{name} ...")
        started = time.monotonic()
        result = make()
        seconds = round(time.monotonic() - started)
        self.echo(f"{name}: {seconds} s")
        if not self.depth:
            (self.folder / "times.json").write_text(json.dumps({**self.times(), name: [seconds, round(os.getloadavg()[2], 1)]}))
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
    parser.add_argument("--samples", type=int, default=200000, help="windows an epoch; 0 with --start: the network stays as it is")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--start", type=Path, help="package whose network is trained on, instead of one from nothing")
    parser.add_argument("--fold-count", type=int, default=0, help="folds of several attack sources each, for less time; 0: each source by itself")
    parser.add_argument("--fold-epochs", type=int, default=2, help="of the gate of each fold")
    parser.add_argument("--loso-samples", type=int, default=60000, help="windows an epoch of the network of each fold; 0: the release's stands for it, which "
                        "has seen the fold's sources")
    parser.add_argument("--loso-epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="keep every n-th request only, for trials")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--content", type=Path, help="real files as harmless content (python3 -m wafml.content)")
    parser.add_argument("--rules", type=Path, help="answers of the rule engine (tests/Benchmarks: detection rules), for rules as evidence")
    parser.add_argument("--folds", type=Path, help="folder for the models of each fold, for tests/Benchmarks: detection together")
    parser.add_argument("--detection", type=Path, help="what that printed, for the report")
    parser.add_argument("--instance", type=int, default=1, help="another model of the same recipe: other seed, one more epoch of the gate; shares the "
                        "out-of-fold scores, which judge the recipe")
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
        self.corpus = self.run.stage("corpus", lambda: self.build_corpus())
        c = self.corpus
        self.real = real_requests(c)
        self.folds = leave_one_out(c.groups[self.real], o.fold_count)
        suffix = "" if o.instance == 1 else f"-{o.instance}"
        trainer = self.run.stage("gate" + suffix, lambda: self.fit_gate(np.ones(len(c.data), bool), None, 2 + o.instance))
        gate = trainer.quantize()
        gate_fold, looks = self.run.stage("oof_gate", lambda: self.gate_out_of_fold(trainer))
        model = self.network(gate, suffix)
        cnn_rows = self.run.stage("oof_cnn", lambda: self.cnn_out_of_fold(looks, model))
        return self.package(gate, gate_fold, {name: look[0] for name, look in looks.items()}, model, cnn_rows)

    def network(self, gate, suffix: str) -> PayloadCnn:
        """The released network: trained, or as it is in the package that training would start from."""
        c, model = self.corpus, PayloadCnn()
        if self.is_network_kept:
            return from_kernel(packaging.read(self.o.start.read_bytes())[1]["kernel.bin"]).eval()
        self.look = self.run.stage("look" + suffix, lambda: gate.scan(c.data.values, c.data.flags))
        self.tokens = self.run.stage("tokens" + suffix, lambda: self.focused(np.arange(len(c.data.values)), *self.look[1:]))
        model.load_state_dict(self.run.stage("cnn" + suffix, lambda: self.fit_cnn(suffix).state_dict()))
        return model.eval()

    @property
    def is_network_kept(self) -> bool:
        return self.o.start is not None and self.o.samples == 0

    def fit_gate(self, mask: np.ndarray, scores: "np.ndarray | None", epochs: int):
        """The gate for the requests in `mask`, refined by more of the real files."""
        trainer = self.corpus.fit_gate(mask, scores=scores, epochs=epochs, echo=self.echo)[0]
        if not self.o.content:
            return trainer
        found = self.run.part("pieces", lambda: refine.pieces(content.read(self.o.content), self.o.seed))
        return refine.refined(trainer, self.corpus, mask, found, self.o.seed, self.echo)

    def build_corpus(self) -> "corpora.Corpus":
        o = self.o
        files = content.read(o.content) if o.content else []
        return corpora.build(load(o.data, o.limit, self.echo), o.generated, o.augmented, o.seed, self.echo, files)

    def focused(self, values: np.ndarray, start: np.ndarray, end: np.ndarray) -> train_cnn.TokenTable:
        """Tokens of these values' worst windows."""
        data = self.corpus.data
        return train_cnn.TokenTable([data.values[v][start[v]:end[v]] for v in values], data.flags[values])

    def gate_out_of_fold(self, trainer):
        """Request scores, and of each fold what its gate says of all values that were held out: logit and window for the network."""
        self.row_scores = trainer.logits(self.corpus.windows.rows)  # which part of an attack is the payload
        gates = forked(self.fold_gate, range(len(self.folds)), self.o.threads)
        looks = {fold.name: self.look_of(fold, gate) for fold, gate in zip(self.folds, gates)}
        values = self.corpus.values
        return evaluate(self.corpus, lambda mask, fold: values.request_max(looks[fold.name][0].astype(float)), self.echo,
                        self.o.fold_count), looks

    def held(self, fold) -> np.ndarray:
        return np.isin(self.corpus.groups, fold.attack + fold.benign)

    def held_values(self, fold) -> np.ndarray:
        """Values of the recorded requests that a fold leaves out."""
        values = self.corpus.values
        return np.unique(values.pairs_row[(self.held(fold) & self.real)[values.pairs_request]])

    def look_of(self, fold, gate) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        data, mine = self.corpus.data, self.held_values(fold)
        out = np.full(len(data.values), -30.0, np.float32), np.zeros(len(data.values), np.int32), np.zeros(len(data.values), np.int32)
        for column, found in zip(out, scan(gate, [data.values[v] for v in mine], data.flags[mine])):
            column[mine] = found
        return out

    def fold_gate(self, index: int):
        return self.run.part(f"fold_gate_{index}", lambda: self.fit_gate(~self.held(self.folds[index]), self.row_scores, self.o.fold_epochs).quantize())

    def cnn_targets(self, mask: np.ndarray):
        """Labels, families and weights of values; the gate says which part of an attack is the payload."""
        logits = self.look[0].astype(float)
        label, weight = self.corpus.row_targets(mask, logits, values=True)
        family = np.full(len(label), -1, np.int8)
        request, row = self.corpus.values.request_argmax(logits)
        family[row] = train_cnn.family_codes(self.corpus.data.attack)[request]
        return label, family, weight

    def cnn_out_of_fold(self, looks, model: PayloadCnn) -> "dict[str, np.ndarray]":
        """Of each fold the network's logits of the values held out."""
        if not self.o.loso_samples:
            return {fold.name: self.cnn_in_band(model, fold, looks[fold.name]) for fold in self.folds}

        def make(index: int) -> np.ndarray:
            torch.set_num_threads(1)
            fold = self.folds[index]
            return self.run.part(f"fold_cnn_{index}", lambda: self.cnn_of_fold(fold, looks[fold.name]))[0]

        return dict(zip((fold.name for fold in self.folds), forked(make, range(len(self.folds)), self.o.threads)))

    def cnn_of_fold(self, fold, look) -> "tuple[np.ndarray, dict]":
        """Logits of the held-out requests' values, where the fold's gate looks, and the network that gave them."""
        torch.manual_seed(self.o.seed + 1)
        model = PayloadCnn()
        label, family, weight = self.cnn_targets(~self.held(fold))
        train_cnn.fit(model, self.tokens, label, family, weight, self.o.loso_samples, self.o.loso_epochs, self.o.seed + 1, echo=self.echo)
        return self.cnn_at(model, self.held_values(fold), look), model.state_dict()

    def fold_network(self, index: int, release_network: PayloadCnn) -> PayloadCnn:
        if not self.o.loso_samples:
            return release_network
        model = PayloadCnn()
        model.load_state_dict(self.run.part(f"fold_cnn_{index}", None)[1])
        return model.eval()

    def cnn_in_band(self, model: PayloadCnn, fold, look) -> np.ndarray:
        """Only of values that the gate leaves open; elsewhere the gate's logit stands for the network's, which nobody asks."""
        held, c = self.held_values(fold), self.corpus
        harmless = c.values.pairs_row[(np.isin(c.groups, fold.benign) & self.real)[c.values.pairs_request]]
        low, high = np.quantile(look[0][harmless], (1 - release.BAND_BENIGN_SHARE - 0.05, 0.9995))
        inside = held[(look[0][held] >= low) & (look[0][held] <= high)]
        out = look[0].copy()
        out[inside] = self.cnn_at(model, inside, look)[inside]
        return out

    def cnn_at(self, model: PayloadCnn, values: np.ndarray, look) -> np.ndarray:
        """Logits of these values where a gate looks; very low for all others."""
        out = np.full(len(self.corpus.data.values), -30.0, np.float32)
        out[values] = train_cnn.logits(model, self.focused(values, *look[1:]), np.arange(len(values)))
        return out

    def fit_cnn(self, suffix: str) -> PayloadCnn:
        """On all sources; how many epochs are enough was found on the split (`--compare`)."""
        targets = self.cnn_targets(np.ones(len(self.corpus.data), bool))
        seed = self.o.seed + 10 * (self.o.instance - 1)
        torch.manual_seed(seed)
        model = from_kernel(packaging.read(self.o.start.read_bytes())[1]["kernel.bin"]) if self.o.start else PayloadCnn()
        train_cnn.fit(model, self.tokens, *targets, self.o.samples, self.o.epochs, seed, rate=1e-3 if self.o.start else 3e-3, curves=self.o.run / f"cnn{suffix}-curve.csv",
                      checkpoint=self.o.run / f"cnn{suffix}.ckpt", echo=self.echo)
        return model

    def compare(self) -> "dict[str, list[list]]":
        """Seed network and successor with the same windows, steps and options.

        By source: trained on 70 % of the sources, judged on the 15 % of test sources. As the seed system was measured: a random split, judged
        on unseen requests of sources that were trained on; its floor (accuracy 96.5 %, precision 95.2 %, recall 97.8 %) is of that kind.
        """
        c, o = self.corpus, self.o
        by_source = split_by_source(c.groups, o.seed)
        by_chance = np.random.default_rng(o.seed).choice(3, len(c.data), p=(0.7, 0.15, 0.15)).astype(np.int8)
        return {"Test sources (never a source on two sides)": self.compare_on(by_source), "Random split, as the seed system was measured": self.compare_on(by_chance)}

    def validation(self, mask: np.ndarray) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """Values, labels and weights that early stopping looks at: of recorded requests only."""
        label, weight = self.corpus.row_targets(mask & self.real, self.look[0].astype(float), values=True)
        rows = np.flatnonzero(weight)
        return rows, label[rows], weight[rows]

    def compare_on(self, side: np.ndarray) -> "list[list]":
        """0 train, 1 validation (early stopping, and the threshold of the best accuracy), 2 test."""
        c, o, rows = self.corpus, self.o, []
        label, real = c.data.label, self.real
        targets = self.cnn_targets(side == 0)
        checked = self.validation(side == 1)
        needed = np.unique(c.values.pairs_row[((side > 0) & real)[c.values.pairs_request]])
        for name, model in (("seed network", SeedCnn()), ("payload-cnn", PayloadCnn())):
            torch.manual_seed(o.seed)
            history = train_cnn.fit(model, self.tokens, *targets, o.samples // 2, o.epochs, o.seed, checked, echo=self.echo)
            z = np.full(len(c.data.values), -30.0)
            started = time.process_time()
            z[needed] = train_cnn.logits(model, self.tokens, needed)
            cost = (time.process_time() - started) / len(needed)
            scores = c.values.request_max(z)
            limit = best_threshold(scores[(side == 1) & real], label[(side == 1) & real])
            a, b = (scores[(side == 2) & real & (label == y)] for y in (1, 0))
            tp, fp = (a > limit).sum(), (b > limit).sum()
            rows.append([name, sum(p.numel() for p in model.parameters()), len(history), auc(a, b), recall_at(a, b, 0.005), recall_at(a, b, 0.01),
                         float((tp + len(b) - fp) / (len(a) + len(b))), float(tp / (tp + fp)), float(tp / len(a)), cost * 1e6])
        return rows

    def package(self, gate, gate_fold, gate_rows, model, cnn_rows) -> "list[Path]":
        o, c = self.o, self.corpus
        options = {"generated": o.generated, "augmented": o.augmented, "samples": o.samples, "epochs": o.epochs, "instance": o.instance}
        rules = joint.read(o.rules, c.data.label[c.originals]) if o.rules else None
        if rules:
            rules.signals = signals.of_requests(c.data, len(rules.blocks))
        harmless = np.concatenate([gate_rows[f.name][c.values.pairs_row[(np.isin(c.groups, f.benign) & self.real)[c.values.pairs_request]]]
                                   for f in self.folds])
        slope, intercept = release.calibration_of(c, gate_fold.scores)
        by_rules = self.run.stage("rules_gate", lambda: release.evidence(c, slope * gate_fold.scores + intercept, self.folds, rules)) if rules else None
        archive = release.gate_package(gate, o.version, c, gate_fold, harmless, o.seed, options, by_rules)
        paths = [packaging.save(o.packages, "gate", o.version, archive)]
        alone = np.full(len(c.data), np.nan)
        for fold in self.folds:
            held = np.isin(c.groups, fold.attack + fold.benign) & self.real
            alone[held] = c.values.request_max(cnn_rows[fold.name])[held]
        # A network that has seen the folds' sources would look better than it is: its share is then what it was where it had not.
        shares = np.linspace(0.2, 0.9, 8) if o.loso_samples else (0.9,)
        cascade = release.fit_cascade(c, gate_rows, cnn_rows, self.folds, self.real, shares)
        gate_manifest = packaging.read(archive)[0]
        banded = release.as_run(c, cascade, gate_manifest, gate_rows, cnn_rows, self.folds, self.real)
        by_rules = self.run.stage("rules_cascade", lambda: release.evidence(c, banded, self.folds, rules)) if rules else None
        quantized, notes = self.quantisation(gate, model)
        kept = packaging.read(o.start.read_bytes()) if self.is_network_kept else alone
        archive = release.cnn_package(model, o.version, c, kept, cascade, banded, packaging.digest(archive), o.seed, options, quantized, by_rules)
        paths.append(packaging.save(o.packages, "payload-cnn", o.version, archive))
        if o.folds:
            self.export_folds(gate_manifest, packaging.read(archive)[0], by_rules, model)
        scores = {"gate": gate_fold.scores, **({} if self.is_network_kept else {"payload-cnn": alone}), "sum everywhere": cascade.scores * (cascade.gate_slope + cascade.slope), "cascade as run": banded}
        calibrated = {"gate": release.calibration_of(c, gate_fold.scores), "payload-cnn": release.calibration_of(c, alone),
                      "sum everywhere": (1.0, cascade.intercept), "cascade as run": (1.0, 0.0)}
        if rules:
            scores["cascade and rules"] = by_rules.log_odds
            calibrated["cascade and rules"] = (1.0, 0.0)
        notes = [f"- seed {o.seed}, data SHA-256 `{c.data.digest}`", *notes]
        if o.compare:
            notes += self.comparison()
        sections = self.run.stage("judged", lambda: self.judged(release.Running(gate, model, gate_manifest, cascade), banded)) if o.content else []
        self.write_report(scores, calibrated, [n + "\n" for n in [*notes, *self.durations()]], sections)
        for path in paths:
            self.echo(f"{path}  {path.stat().st_size:,} bytes  sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
        return paths

    def judged(self, running: "release.Running", banded: np.ndarray) -> "list[str]":
        """Real files of packages that were held out; attacks of left-out sources beside harmless text of such files."""
        files = [f for f in content.read(self.o.content) if f.held_out]
        known = ~np.isnan(banded)
        harmless = banded[known & (self.corpus.data.label == 0)]
        limits = {f"{rate:.1%}": threshold_at(harmless, rate) for rate in (0.01, 0.005, 0.003, 0.001)}
        limits["critical 0.9"] = float(np.log(9))
        limit, found, families = limits["0.5%"], {}, []
        for index, fold in enumerate(self.folds):
            values, kinds = self.payloads(fold, JUDGED_A_FOLD)
            score = release.Running(self.fold_gate(index), self.fold_network(index, running.model), running.gate_manifest, running.cascade).log_odds
            families += kinds
            for key, hits in judge.padding_rows(values, files, score, limit, seed=index).items():
                found.setdefault(key, []).append(hits)
            self.echo(f"  padded: {fold.name}")
        found = {key: np.concatenate(parts) for key, parts in found.items()}
        return ["\n## Attacks of left-out sources beside harmless text\n\nCascade, no rules, at the threshold for 0.5 % false positives. The text is of held-out "
                "packages.\n\n", judge.padding_table(found), "\n## The same by family, 160 bytes in all and more\n\n", judge.padding_families(found, families),
                "\n## Real files of held-out packages\n\nShare over the thresholds that recorded requests give, cascade, no rules.\n\n",
                judge.content_table(files, running.log_odds, limits)]

    def payloads(self, fold, count: int) -> "tuple[list[bytes], list[str]]":
        """Of a fold's attacks: the value that the fold's gate finds worst, and its family."""
        c = self.corpus
        looks = self.run.stage("oof_gate", None)[1][fold.name][0].astype(float)
        request, row = c.values.request_argmax(looks)
        mine = np.flatnonzero(np.isin(c.groups[request], fold.attack) & self.real[request])
        mine = np.random.default_rng(self.o.seed).permutation(mine)[:count]
        return [c.data.values[row[i]] for i in mine], [str(c.data.attack[request[i]]) for i in mine]

    def comparison(self) -> "list[str]":
        head = ["network", "parameters", "epochs", "AUC", "recall at 0.5 %", "recall at 1 %", "accuracy", "precision", "recall", "CPU µs a window"]
        return ["\n## Seed network and successor, same windows, steps and options\n", *(
            "\n" + title + "\n\n" + report.table(head, rows) for title, rows in self.run.stage("compare", self.compare).items())]

    def durations(self) -> "list[str]":
        times = self.run.times()
        total = sum(seconds for name, (seconds, _) in times.items() if name != "compare")
        self.echo(f"all stages: {total / 60:.0f} min")
        rows = [[name, seconds, load] for name, (seconds, load) in times.items()]
        return [f"\n## Time\n\n{total / 60:.0f} minutes for everything but the comparison with the seed network, {self.o.threads} thread(s), at the lowest "
                f"priority on a machine of {os.cpu_count()} cores that had other work (load averages beside).\n",
                report.table(["stage", "seconds", "load average"], rows)]

    def export_folds(self, gate_manifest: dict, cnn_manifest: dict, by_rules, model: PayloadCnn) -> None:
        """Packages of the models that each fold trained, and which sources they never saw."""
        c, folder, listed = self.corpus, self.o.folds, []
        for i, fold in enumerate(self.folds):
            held = np.isin(c.groups, fold.attack + fold.benign)
            gate = self.fold_gate(i)
            archives = release.left_out_packages(gate, self.fold_network(i, model), f"0.0.{i + 1}", gate_manifest, cnn_manifest, by_rules.folds[i] if by_rules else None)
            for name, archive in zip(("gate", "payload-cnn"), archives):
                packaging.save(folder, name, f"0.0.{i + 1}", archive)
            listed.append({"name": fold.name, "version": f"0.0.{i + 1}", "sources": sorted(set(c.data.source[held & self.real]))})
        (folder / "folds.json").write_text(json.dumps(listed, indent=1), encoding="utf-8")

    def write_report(self, scores, calibrated, notes, sections) -> None:
        """With the worst errors in the run folder; without them, as they quote the data, where the option says."""
        text = [*sections]
        text += ["\n## Rules and models in the sidecar itself\n\n", self.o.detection.read_text(encoding="utf-8")] if self.o.detection else []
        (self.o.run / "report.md").write_text(report.write(self.corpus, scores, calibrated, notes, text), encoding="utf-8")
        if self.o.report:
            self.o.report.write_text(report.write(self.corpus, scores, calibrated, notes, text, with_errors=False), encoding="utf-8")

    def quantisation(self, gate, model: PayloadCnn) -> "tuple[dict[str, float], list[str]]":
        """What 8-bit weights cost, on a sample of windows of the data itself."""
        data = self.corpus.data
        mine = np.random.default_rng(self.o.seed).permutation(len(data.values))[:5000]
        _, start, end = gate.scan([data.values[i] for i in mine], data.flags[mine])
        table = train_cnn.TokenTable([data.values[v][a:b] for v, a, b in zip(mine, start, end)], data.flags[mine])
        exact, rounded = (train_cnn.logits(m, table, np.arange(len(mine))).astype(float) for m in (model, quantized_copy(model)))
        difference = np.abs(exact - rounded)
        figures = {"int8LogitDifferenceMean": float(difference.mean()), "int8LogitDifferenceMax": float(difference.max()),
                   "int8DecisionsChanged": float(((exact > 0) != (rounded > 0)).mean())}
        return figures, ["- 8-bit weights: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items())]


def main() -> None:
    Trainer(arguments(), lambda text: print(text, flush=True)).go()


if __name__ == "__main__":
    main()
