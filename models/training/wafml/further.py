"""A released gate trained further: its rounds are continued on the corpus of a run, and it is packaged with what it was released with.

    python3 -m wafml.further DATA... --run RUN --content CONTENT --start-gate GATE.tar --version V --rounds 5 --commands 30000 --packages FOLDER

Where folds are too dear. Two gates of each fold that differ only in their last round, one with short commands and notes and one without, tell what these
cost attacks of left-out sources; both are weaker than the release, so that neither gives it a calibration. That of the old gate stays, with its limits
and an intercept moved so that of the recorded harmless requests, which both gates have seen, the same share is over one half.
"""

import copy
import hashlib

import numpy as np

from . import packaging, pipeline, refine, release
from .gate import Gate, scan
from .loso import pooled, real_requests
from .metrics import threshold_at
from .normalize import normalize
from .splits import leave_one_out

RATES = (0.01, 0.005, 0.001)  # of false positives, at which folds are compared
MOVED_AT = 0.0041  # of recorded harmless requests, what the pair of 1.3.0 stops


def moved(calibration: "dict[str, float]", before: np.ndarray, after: np.ndarray, rate: float = MOVED_AT) -> "dict[str, float]":
    """A calibration with the intercept at which both gates' logits of the same harmless requests give the same limit for a rate."""
    by = threshold_at(before, rate) - threshold_at(after, rate)
    return {"slope": calibration["slope"], "intercept": calibration["intercept"] + calibration["slope"] * float(by)}


def packaged(old: bytes, gate: Gate, version: str, before: np.ndarray, after: np.ndarray, metrics: "dict[str, float]", provenance: "dict[str, str]") -> bytes:
    """`before` and `after`: logits of recorded harmless requests under both gates. Rules' weights and limits are those of the old package; its figures are not
    taken over."""
    manifest, files = packaging.read(old)
    manifest = {k: v for k, v in manifest.items() if k not in ("files", "format")}
    calibration = moved(manifest["calibration"], before, after)
    gate.growth = Gate.from_bytes(files["gate.bin"]).growth
    values = packaging.golden_values(release.GOLDEN_COUNT)
    files = {**{k: v for k, v in files.items() if k != "manifest.json"}, "gate.bin": gate.to_bytes(),
             "golden.jsonl": packaging.golden_lines(values, [gate.logit(*normalize(v)) for v in values])}
    manifest.update(version=version, calibration=calibration, metrics=metrics, provenance={**provenance, "startedFrom": packaging.digest(old)})
    return packaging.write(manifest, files)


class Further(pipeline.Trainer):
    """The stages of a run that need no folds, and the two gates of each fold that are compared."""

    def further(self) -> bytes:
        o = self.o
        self.files = self.read_files()
        self.corpus = self.run.stage("corpus", self.build_corpus)
        self.real = real_requests(self.corpus)
        self.folds = leave_one_out(self.corpus.groups[self.real], o.fold_count)
        trainer = self.run.stage("further", lambda: self.fit_gate(np.ones(len(self.corpus.data), bool), None, 0))
        self.row_scores = trainer.logits(self.corpus.windows.rows)
        metrics = self.run.stage("compared", self.compared)
        old, gate = Gate.from_bytes(packaging.read(o.start_gate.read_bytes())[1]["gate.bin"]), trainer.quantize()
        gate.growth = old.growth
        provenance = release.provenance(self.corpus, o.seed, {"generated": o.generated, "augmented": o.augmented, "rounds": o.rounds, "commands": o.commands, "padded": o.padded,
                                                              "sourceMost": o.source_most, "filesMost": o.files_most})
        return packaged(o.start_gate.read_bytes(), gate, o.version, self.of_harmless(old), self.of_harmless(gate), metrics, provenance)

    def of_harmless(self, gate: Gate) -> np.ndarray:
        """Logits of the recorded harmless requests."""
        c = self.corpus
        logits = scan(gate, c.data.values, c.data.flags, with_focus=False)[0]
        return c.values.request_max(logits)[self.real & (c.data.label == 0)]

    def compared(self) -> "dict[str, float]":
        """Recall of left-out sources by gates of folds, by false-positive rate: with short commands in their last round, and without."""
        c, scores = self.corpus, {0: np.full(len(self.corpus.data), np.nan), self.o.commands: np.full(len(self.corpus.data), np.nan)}
        texts = refine.harmless_texts(self.files, self.o.seed)
        for fold in self.folds:
            mask, mine = ~self.held(fold), self.held_values(fold)
            first = c.fit_gate(mask, scores=self.row_scores, epochs=self.o.fold_epochs, echo=self.echo)[0]
            for commands, found in scores.items():
                trainer = copy.deepcopy(first)
                refine.one_round(trainer, c, mask, refine.pieces(self.files, self.o.seed), texts, self.o.seed, self.echo, self.o.padded, commands)
                logits = np.full(len(c.data.values), -30.0)
                logits[mine] = scan(trainer.quantize(), [c.data.values[v] for v in mine], c.data.flags[mine], with_focus=False)[0]
                held = release.held(c, fold, self.real)
                found[held] = c.values.request_max(logits)[held]
        out = {}
        for name, found in (("withoutCommands", scores[0]), ("withCommands", scores[self.o.commands])):
            for rate in RATES:
                recalls = list(pooled(c, found, rate).values())
                out[f"{name}RecallMeanAtFpr{rate:g}"], out[f"{name}RecallMinAtFpr{rate:g}"] = float(np.mean(recalls)), float(min(recalls))
        return out


def main() -> None:
    options = pipeline.arguments()
    archive = Further(options, lambda text: print(text, flush=True)).further()
    path = packaging.save(options.packages, "gate", options.version, archive)
    print(f"{path}  {len(archive):,} bytes  sha256:{hashlib.sha256(archive).hexdigest()}")


if __name__ == "__main__":
    main()
