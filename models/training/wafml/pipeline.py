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
from . import instances, joint, judge, packaging, refine, release, report, signals, train_cnn
from .cnn import PayloadCnn, from_kernel
from .dataset import load, thinned
from .export import quantized_copy
from .forked import forked
from .gate import Gate, scan
from .looks import Looks, ask, look
from .loso import OutOfFold, real_requests
from .metrics import threshold_at
from .scan import doublings
from .splits import leave_one_out
from .train_gate import GateTrainer

FLOOR = -4.0  # logit of a gate from which on a place is worth a second look while training
HARD_SETS = 1  # of pieces of the trained files, for the network
GATE_SHARE = 0.8  # in the cascade where nothing tells better
JUDGED_A_FOLD = 90
TUNED_A_FOLD = 60
CALM_NOTE = """Growth is what a value loses for each doubling of its length from 240 bytes on, share is the gate's in the cascade. Left-out attacks and recorded
requests by the folds' models; texts are pieces of a third of the held-out packages, by the release's. Thresholds for 0.5 % of the recorded requests. The
row that was taken is marked.

"""


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
    parser.add_argument("--samples", type=int, default=600000, help="texts that the network is trained on")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each gate on what it is wrong about")
    parser.add_argument("--fold-count", type=int, default=0, help="folds of several attack sources each, for less time; 0: each source by itself")
    parser.add_argument("--fold-epochs", type=int, default=2, help="of the gate of each fold")
    parser.add_argument("--fold-rounds", type=int, help="rounds of the gate of each fold; as many as the release's unless given")
    parser.add_argument("--start", type=Path, help="package of a network of this form whose training is continued, at a third of the rate")
    parser.add_argument("--start-gate", type=Path, help="package of a gate of this form whose rounds are continued; folds start from nothing")
    parser.add_argument("--loso-samples", type=int, default=300000, help="texts for the network of each fold; 0: the release's stands for it, "
                        "which has seen the fold's sources, and the gate's share is not fitted")
    parser.add_argument("--accept-cells", action="store_true", help="release although the recall of a family or carrier beside some padding is under the floor")
    parser.add_argument("--judged-a-source", type=int, default=0, help="attacks of each left-out source that judge; 0: all")
    parser.add_argument("--loso-epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="keep every n-th request only, for trials")
    parser.add_argument("--padded", type=int, default=refine.PADDED_ROWS, help="attacks in text in each round")
    parser.add_argument("--commands", type=int, default=refine.COMMANDS, help="short commands in text in each round, and as many notes with commands")
    parser.add_argument("--files-most", type=int, default=0, help="real files that are trained on, drawn of all; 0: all")
    parser.add_argument("--source-most", type=int, default=0, help="requests of each source that are used, for less time; 0: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--content", type=Path, help="real files as harmless content (python3 -m wafml.content)")
    parser.add_argument("--rules", type=Path, help="answers of the rule engine (tests/Benchmarks: detection rules), for rules as evidence")
    parser.add_argument("--documents", type=Path, help="the same of documents (wafml.documents): what they trip decides nothing alone")
    parser.add_argument("--folds", type=Path, help="folder for the models of each fold, for tests/Benchmarks: detection together")
    parser.add_argument("--detection", type=Path, help="what that printed, for the report")
    parser.add_argument("--instance", type=int, default=1, help="another model of the same recipe: other seed, one more epoch of the gate; shares the "
                        "out-of-fold scores, which judge the recipe")
    return parser.parse_args(argv)


class Trainer:
    """The stages, in order."""

    def __init__(self, options: argparse.Namespace, echo=print) -> None:
        self.o, self.echo = options, echo
        self.run = Run(options.run, echo)
        torch.set_num_threads(options.threads)

    def go(self) -> "list[Path]":
        o = self.o
        self.files = self.read_files()
        self.corpus = self.run.stage("corpus", self.build_corpus)
        c = self.corpus
        self.real = real_requests(c)
        self.folds = leave_one_out(c.groups[self.real], o.fold_count)
        self.real = self.sampled()
        suffix = "" if o.instance == 1 else f"-{o.instance}"
        trainer = self.run.stage("gate" + suffix, lambda: self.fit_gate(np.ones(len(c.data), bool), None, 1 + o.instance))
        self.gate = trainer.quantize()
        self.row_scores = trainer.logits(c.windows.rows)  # which part of an attack is the payload
        self.gates = [g.quantize() for g in forked(self.fold_gate, range(len(self.folds)), o.threads)]
        self.texts = refine.harmless_texts(self.files, o.seed) if self.files else [b"harmless text " * 40]
        model = PayloadCnn()
        model.load_state_dict(self.run.stage("network" + suffix, lambda: self.fit_network(suffix)))
        self.model = model.eval()
        looks = dict(zip((f.name for f in self.folds), forked(self.looks_of_fold, range(len(self.folds)), o.threads)))
        return self.package(looks)

    def read_files(self) -> "list[content.File]":
        """All that are held out, and of the others as many as asked for."""
        o = self.o
        files = content.read(o.content) if o.content else []
        mine = [i for i, f in enumerate(files) if not f.held_out]
        left_out = set(np.random.default_rng(o.seed).permutation(mine)[o.files_most:]) if o.files_most else ()
        return [f for i, f in enumerate(files) if i not in left_out]

    def sampled(self) -> np.ndarray:
        """Recorded requests that judge: all harmless ones, and of each attack source as many as asked for."""
        rng, out = np.random.default_rng(self.o.seed), self.real.copy()
        for group in sorted(set(self.corpus.groups[out & (self.corpus.data.label == 1)])):
            mine = np.flatnonzero(out & (self.corpus.groups == group))
            out[rng.permutation(mine)[self.o.judged_a_source or len(mine):]] = False
        return out

    def places(self) -> Looks:
        """Of all values, where the release's gate looks."""
        data = self.corpus.data
        return self.run.part("places", lambda: look(self.gate, data.values, data.flags, FLOOR))

    def hard(self, gate, name: str) -> "tuple[list[bytes], np.ndarray]":
        if not self.files:
            return [], np.zeros(0, np.int64)
        seeds = [self.o.seed + 10 + i for i in range(HARD_SETS)]
        return self.run.part(f"hard_{name}", lambda: instances.frightening(gate, self.files, seeds, FLOOR))

    def fit_network(self, suffix: str) -> dict:
        """On all sources."""
        o = self.o
        mine = instances.build(self.corpus, np.ones(len(self.corpus.data), bool), self.places(), self.hard(self.gate, "release"), self.texts, o.samples, o.seed, self.files)
        begun = from_kernel(packaging.read(o.start.read_bytes())[1]["kernel.bin"]) if o.start else None
        return self.trained(mine, o.epochs, o.seed + 10 * (o.instance - 1), f"network{suffix}", begun)

    def trained(self, mine: "instances.Instances", epochs: int, seed: int, name: str, begun: "PayloadCnn | None" = None) -> dict:
        torch.manual_seed(seed)
        model = begun or PayloadCnn()
        train_cnn.fit(model, mine.table(), mine.label, mine.family, np.ones(len(mine.label)), len(mine.label), epochs, seed, curves=self.run.folder / f"{name}-curve.csv",
                      checkpoint=self.run.folder / f"{name}.ckpt", echo=self.echo, rate=train_cnn.RATE / 3 if begun else train_cnn.RATE)
        return model.state_dict()

    def fold_gate(self, index: int):
        o = self.o
        rounds = o.rounds if o.fold_rounds is None else o.fold_rounds
        return self.run.part(f"fold_gate_{index}", lambda: self.fit_gate(~self.held(self.folds[index]), self.row_scores, o.fold_epochs, rounds))

    def fold_network(self, index: int) -> PayloadCnn:
        """A network that has not seen the fold's sources; without `--loso-samples` the release's, unless there is one from an earlier run."""
        if not self.o.loso_samples and not (self.run.folder / f"fold_network_{index}.pkl").exists():
            return self.model

        def make() -> dict:
            torch.set_num_threads(1)
            mine = instances.build(self.corpus, ~self.held(self.folds[index]), self.places(), self.hard(self.gates[index], str(index)), self.texts, self.o.loso_samples,
                                   self.o.seed + 1 + index, self.files)
            return self.trained(mine, self.o.loso_epochs, self.o.seed + 1 + index, f"fold_network_{index}")

        model = PayloadCnn()
        model.load_state_dict(self.run.part(f"fold_network_{index}", make))
        return model.eval()

    def looks_of_fold(self, index: int) -> Looks:
        """What the fold's models say of all values that it leaves out."""
        def make() -> Looks:
            data, mine = self.corpus.data, self.held_values(self.folds[index])
            values, flags = [data.values[v] for v in mine], data.flags[mine]
            found = ask(look(self.gates[index], values, flags, FLOOR), self.fold_network(index), values, flags, FLOOR)
            return Looks(mine[found.owner], found.gate, found.start, found.end, found.network)

        return self.run.part(f"fold_looks_{index}", make)

    def fit_gate(self, mask: np.ndarray, scores: "np.ndarray | None", epochs: int, rounds: "int | None" = None):
        """The gate for the requests in `mask`, in further rounds on real files and padded attacks."""
        begun = self.o.start_gate if mask.all() else None
        trainer = self.resumed_gate(begun) if begun else self.corpus.fit_gate(mask, scores=scores, epochs=epochs, echo=self.echo)[0]
        rounds = self.o.rounds if rounds is None else rounds
        return refine.refined(trainer, self.corpus, mask, self.files, rounds, self.o.seed, self.echo, self.o.padded, self.o.commands) if self.files else trainer

    def resumed_gate(self, package: Path) -> GateTrainer:
        gate = Gate.from_bytes(packaging.read(package.read_bytes())[1]["gate.bin"])
        rows, everything = self.corpus.windows.rows, np.ones(len(self.corpus.data), bool)
        seen = GateTrainer.resumed(gate, rows, *self.corpus.row_targets(everything, None))
        return GateTrainer.resumed(gate, rows, *self.corpus.row_targets(everything, seen.logits(rows)))

    def build_corpus(self) -> "corpora.Corpus":
        o = self.o
        data = self.run.part("data", lambda: load(o.data, o.limit, self.echo))
        if o.source_most:
            data = thinned(data, o.source_most, o.seed)[0]
        return corpora.build(data, o.generated, o.augmented, o.seed, self.echo, self.files)

    def held(self, fold) -> np.ndarray:
        return np.isin(self.corpus.groups, fold.attack + fold.benign)

    def held_values(self, fold) -> np.ndarray:
        """Values of the recorded requests that a fold leaves out."""
        values = self.corpus.values
        return np.unique(values.pairs_row[(self.held(fold) & self.real)[values.pairs_request]])

    def package(self, looks: "dict[str, Looks]") -> "list[Path]":
        o, c = self.o, self.corpus
        options = {"generated": o.generated, "augmented": o.augmented, "samples": o.samples, "epochs": o.epochs, "instance": o.instance, "rounds": o.rounds}
        kept = thinned(self.run.part("data", lambda: load(o.data, o.limit, self.echo)), o.source_most, o.seed)[1] if o.source_most else None
        rules = joint.read(o.rules, c.data.label[c.originals], kept) if o.rules else None
        documents = joint.of_documents(o.documents) if o.documents else None
        if rules:
            rules.signals = signals.of_requests(c.data, len(rules.blocks))
        tuned = self.run.stage("calm", lambda: self.calm(looks))
        self.echo(tuned.table)
        self.gate.growth = np.float32(tuned.growth)
        lengths = doublings(np.array([len(v) for v in c.data.values], dtype=np.int64))
        looks = {name: found.shifted(-float(self.gate.growth) * lengths) for name, found in looks.items()}
        gate_fold = OutOfFold(release.out_of_fold(c, looks, self.folds, self.real, lambda found: found.gate))
        slope, intercept = release.calibration_of(c, gate_fold.scores)
        by_rules = self.run.stage("rules_gate", lambda: release.evidence(c, slope * gate_fold.scores + intercept, self.folds, rules, documents)) if rules else None
        archive = release.gate_package(self.gate, o.version, c, gate_fold, self.harmless(looks), o.seed, options, by_rules)
        paths = [packaging.save(o.packages, "gate", o.version, archive)]
        gate_manifest = packaging.read(archive)[0]
        cascade = release.fit_cascade(c, looks, self.folds, self.real, tuned.share)
        banded = release.as_run(c, cascade, gate_manifest, looks, self.folds, self.real)
        alone = release.network_alone(c, looks, self.folds, self.real)
        by_rules = self.run.stage("rules_cascade", lambda: release.evidence(c, banded, self.folds, rules, documents)) if rules else None
        quantized, notes = self.quantisation(self.gate, self.model)
        archive = release.cnn_package(self.model, o.version, c, alone, cascade, banded, packaging.digest(archive), o.seed, options, quantized, by_rules)
        paths.append(packaging.save(o.packages, "payload-cnn", o.version, archive))
        if o.folds:
            self.export_folds(gate_manifest, packaging.read(archive)[0], by_rules)
        scores = {"gate": gate_fold.scores, "cascade as run": banded}
        calibrated = {"gate": (slope, intercept), "cascade as run": (1.0, 0.0)}
        if rules:
            scores["cascade and rules"] = by_rules.log_odds
            calibrated["cascade and rules"] = (1.0, 0.0)
        notes = [f"- seed {o.seed}, data SHA-256 `{c.data.digest}`", *notes]
        sections = ["\n## What long values need more\n\n" + CALM_NOTE, tuned.table]
        sections += self.run.stage("judged", lambda: self.judged(gate_manifest, cascade, banded)) if o.content else []
        self.write_report(scores, calibrated, [n + "\n" for n in [*notes, *self.durations()]], sections)
        for path in paths:
            self.echo(f"{path}  {path.stat().st_size:,} bytes  sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
        return paths

    def harmless(self, looks: "dict[str, Looks]") -> np.ndarray:
        """Of each recorded harmless value that is left out, and as often as it was seen, what its fold's gate says."""
        c = self.corpus
        found = []
        for fold in self.folds:
            mine = c.values.pairs_row[(np.isin(c.groups, fold.benign) & self.real)[c.values.pairs_request]]
            found.append(looks[fold.name].highest(looks[fold.name].gate, len(c.data.values))[mine])
        return np.concatenate(found)

    def calm(self, looks: "dict[str, Looks]") -> "judge.Calm":
        """Growth, and the gate's share in the cascade, on held-out files that are not judged by, and left-out attacks that are padded."""
        files = [f for f in self.files if f.held_out and not judge.is_judged(f)]
        if not files:
            return judge.Calm(0.0, GATE_SHARE, "Not fitted: no real files were given.\n")
        sides = [judge.padded_looks(self.payloads(i, looks, TUNED_A_FOLD, skip=JUDGED_A_FOLD)[0], files, self.gates[i], self.fold_network(i), FLOOR, seed=50 + i)
                 for i in range(len(self.folds))]
        texts = judge.content_looks(files, self.gate, self.model, FLOOR)
        return judge.tune(self.corpus, looks, self.folds, self.real, sides, texts, judge.SHARES if self.o.loso_samples else (GATE_SHARE,))

    def judged(self, gate_manifest: dict, cascade: "release.Cascade", banded: np.ndarray) -> "list[str]":
        """Real files of packages that were held out; attacks of left-out sources beside harmless text of such files; by cell."""
        files = [f for f in self.files if f.held_out and judge.is_judged(f)]
        harmless = banded[~np.isnan(banded) & (self.corpus.data.label == 0)]
        limits = {f"{rate:.1%}": threshold_at(harmless, rate) for rate in (0.01, 0.005, 0.003, 0.001)}
        limits["critical 0.9"] = float(np.log(9))
        looks = {f.name: self.looks_of_fold(i) for i, f in enumerate(self.folds)}
        found, families, cells = {}, [], judge.Cells(limits["0.5%"])
        for index, fold in enumerate(self.folds):
            values, kinds = self.payloads(index, looks, JUDGED_A_FOLD)
            gate = self.gates[index]
            gate.growth = self.gate.growth
            score = release.Running(gate, self.fold_network(index), gate_manifest, cascade).log_odds
            families += kinds
            for key, hits in judge.padding_rows(values, files, score, limits["0.5%"], seed=index).items():
                found.setdefault(key, []).append(hits)
            cells.add(values, kinds, files, score, seed=index)
            self.echo(f"  padded: {fold.name}")
        found = {key: np.concatenate(parts) for key, parts in found.items()}
        low = cells.under(judge.CELL_FLOOR)
        if low and not self.o.accept_cells:
            raise ValueError(f"cells under the floor of {judge.CELL_FLOOR} (--accept-cells takes them): " + "; ".join(low))
        running = release.Running(self.gate, self.model, gate_manifest, cascade)
        return ["\n## Attacks of left-out sources beside harmless text\n\nCascade, no rules, at the threshold for 0.5 % false positives. The text is of held-out "
                "packages.\n\n", judge.padding_table(found), "\n## The same by family, beside 160 and 1,000 bytes\n\n", judge.padding_families(found, families),
                "\n## Attacks of left-out sources by cell\n\nThe same threshold. Paddings of 0, 60 and 1,000 bytes; encodings that training does not use.\n\n",
                cells.tables(), "\nUnder the floor of " + f"{judge.CELL_FLOOR}: {'; '.join(low) or 'none'}.\n", "\n## Real files of held-out packages\n\nShare over the thresholds that recorded requests give, cascade, no rules.\n\n",
                judge.content_table(files, running.log_odds, limits), "\n## Harmless content by carrier\n\nPieces of 20 to 2,000 bytes of the same files, each sent "
                "in every carrier.\n\n", judge.carrier_table(files, running.log_odds, limits)]

    def payloads(self, index: int, looks: "dict[str, Looks]", count: int, skip: int = 0) -> "tuple[list[bytes], list[str]]":
        """Of a fold's attacks: the value that the fold's gate finds worst, and its family. Each source as often as the others, families within it too."""
        c, fold = self.corpus, self.folds[index]
        scores = looks[fold.name].highest(looks[fold.name].gate, len(c.data.values))
        request, row = c.values.request_argmax(scores)
        mine = np.flatnonzero(np.isin(c.groups[request], fold.attack) & self.real[request])
        return judge.drawn([c.data.values[row[i]] for i in mine], [f"{c.groups[request[i]]}/{c.data.attack[request[i]]}" for i in mine],
                           [str(c.data.attack[request[i]]) for i in mine], count, skip, self.o.seed)

    def durations(self) -> "list[str]":
        times = self.run.times()
        total = sum(seconds for seconds, _ in times.values())
        self.echo(f"all stages: {total / 60:.0f} min")
        rows = [[name, seconds, load] for name, (seconds, load) in times.items()]
        return [f"\n## Time\n\n{total / 60:.0f} minutes, {self.o.threads} thread(s), at the lowest "
                f"priority on a machine of {os.cpu_count()} cores that had other work (load averages beside).\n",
                report.table(["stage", "seconds", "load average"], rows)]

    def export_folds(self, gate_manifest: dict, cnn_manifest: dict, by_rules) -> None:
        """Packages of the models that each fold trained, and which sources they never saw."""
        c, folder, listed = self.corpus, self.o.folds, []
        for i, fold in enumerate(self.folds):
            held = np.isin(c.groups, fold.attack + fold.benign)
            self.gates[i].growth = self.gate.growth
            archives = release.left_out_packages(self.gates[i], self.fold_network(i), f"0.0.{i + 1}", gate_manifest, cnn_manifest, by_rules.folds[i] if by_rules else None)
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
