"""What turns a trained model into a package: calibration, thresholds, manifest, golden vectors, corpus."""

import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

from . import export, joint, packaging
from .cnn import FAMILIES, PayloadCnn
from .corpus import Corpus
from .gate import Gate, log_odds
from .loso import OutOfFold, RATES, pooled
from .metrics import auc, expected_calibration_error, platt, threshold_at
from .normalize import normalize
from .features import tokens, windows
from .looks import Looks, ask, look

CORPUS_COUNT = 300
GOLDEN_COUNT = 200
BAND_BENIGN_SHARE = 0.15


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def calibration(scores: np.ndarray, label: np.ndarray) -> "tuple[float, float]":
    """Platt on out-of-fold request scores, both classes weighted alike."""
    weight = np.where(label == 1, 0.5 / label.sum(), 0.5 / (1 - label).sum()) * len(label)
    return platt(scores, label.astype(float), weight)


def calibration_of(corpus: Corpus, scores: np.ndarray) -> "tuple[float, float]":
    seen = ~np.isnan(scores)
    return calibration(scores[seen], corpus.data.label[seen])


def thresholds(scores: np.ndarray, label: np.ndarray, slope: float, intercept: float) -> "dict[str, float]":
    """Calibrated probability above which the given share of held-out recorded benign requests lies."""
    return {f"fpr_{rate:g}": float(sigmoid(slope * threshold_at(scores[label == 0], rate) + intercept)) for rate in RATES}


def figures(corpus: Corpus, oof: OutOfFold, slope: float, intercept: float) -> "dict[str, float]":
    seen = ~np.isnan(oof.scores)
    scores, label = oof.scores[seen], corpus.data.label[seen]
    out = {"losoAuc": auc(scores[label == 1], scores[label == 0]),
           "losoEce": expected_calibration_error(sigmoid(slope * scores + intercept), label.astype(float))}
    for rate in RATES:
        by_source = pooled(corpus, oof.scores, rate)
        out[f"losoRecallMeanAtFpr{rate:g}"] = float(np.mean(list(by_source.values())))
        out[f"losoRecallMinAtFpr{rate:g}"] = float(min(by_source.values()))
    return out


def provenance(corpus: Corpus, seed: int, options: dict) -> "dict[str, str]":
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()
    return {"seed": str(seed), "dataSha256": corpus.data.digest, "commit": commit or "unknown",
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"), "requests": str(int(corpus.originals.sum())),
            **{k: str(v) for k, v in options.items()}}


def value_logit(value: bytes, window_logit) -> float:
    """Normalises a raw value and takes the highest window; plain values are scored as well (golden vectors)."""
    normalized, flags = normalize(value)
    return max(window_logit(w, flags) for w in windows(normalized))


@dataclass
class Evidence:
    """Rules beside a model's score: the calibration for the manifest, and out-of-fold log-odds with it."""

    manifest: dict
    log_odds: np.ndarray
    folds: "list[dict]"

    def thresholds(self, label: np.ndarray) -> "dict[str, float]":
        seen = ~np.isnan(self.log_odds)
        limits = thresholds(self.log_odds[seen], label[seen], 1.0, 0.0)
        return {f"joint_{name}": value for name, value in limits.items()}


def evidence(corpus: Corpus, log_odds: np.ndarray, folds, rules: "joint.RuleAnswers | None", documents: "dict[str, float] | None" = None) -> "Evidence | None":
    """Weights of rules for a model's out-of-fold log-odds; None without the rules' answers. `documents`: of keys that real files trip, the share of files."""
    if rules is None:
        return None
    count = len(rules.blocks)
    z, label, groups = log_odds[:count], corpus.data.label[:count], corpus.groups[:count]
    together, fitted = joint.out_of_fold(z, label, groups, folds, rules)
    final = joint.fit(np.nan_to_num(z), label, groups, ~np.isnan(z), rules)
    return Evidence(final.manifest(rules, label, documents), np.append(together, np.full(len(log_odds) - count, np.nan)), [f.manifest(rules, label, documents) for f in fitted])


def gate_package(gate: Gate, version: str, corpus: Corpus, oof: OutOfFold, row_benign: np.ndarray, seed: int, options: dict,
                 rules: "Evidence | None" = None) -> bytes:
    """`row_benign`: out-of-fold window logits of harmless windows, for the band of the cascade."""
    seen = ~np.isnan(oof.scores)
    scores, label = oof.scores[seen], corpus.data.label[seen]
    slope, intercept = calibration(scores, label)
    limits = thresholds(scores, label, slope, intercept)
    low = float(np.quantile(row_benign, 1 - BAND_BENIGN_SHARE))
    # However sure the gate is, the network is asked: long harmless texts hold places that look like attacks to n-grams alone.
    limits["low"], limits["high"] = float(sigmoid(slope * low + intercept)), 1.0
    values = packaging.golden_values(GOLDEN_COUNT)
    logits = [gate.logit(*normalize(v)) for v in values]
    files = {"gate.bin": gate.to_bytes(), "tokenizer.json": packaging.canonical(packaging.GATE_SCHEMA),
             "golden.jsonl": packaging.golden_lines(values, logits), "corpus.jsonl": packaging.corpus(CORPUS_COUNT)}
    metrics = figures(corpus, oof, slope, intercept)
    metrics["attacksBelowLow"] = float((scores[label == 1] < low).mean())
    metrics["benignValuesInBand"] = float((row_benign >= low).mean())
    manifest = {"name": "gate", "version": version, "kind": "gate-linear",
                "tokenizerDigest": packaging.digest(files["tokenizer.json"]),
                "featureSchemaDigest": packaging.digest(packaging.canonical(packaging.NORMALIZATION)),
                "inputs": [], "outputs": [], "calibration": {"slope": slope, "intercept": intercept}, "thresholds": limits,
                "families": [], "metrics": metrics, "provenance": provenance(corpus, seed, options)}
    if rules:
        manifest["joint"] = rules.manifest
        limits.update(rules.thresholds(corpus.data.label))
    return packaging.write(manifest, files)


@dataclass
class Cascade:
    """Weights of both logits and the scores that follow, out of fold."""

    gate_slope: float
    slope: float
    intercept: float
    scores: np.ndarray

    def as_run(self, looks: Looks, calibration: dict, low: float) -> np.ndarray:
        """Log-odds of places: of both models where the network was asked at all, and the gate's logit is no lower than `low`."""
        asked = ~np.isnan(looks.network) & (looks.gate >= low)
        both = self.gate_slope * looks.gate + self.slope * np.nan_to_num(looks.network) + self.intercept
        return np.where(asked, both, calibration["slope"] * looks.gate + calibration["intercept"])


def held(corpus: Corpus, fold, real: np.ndarray) -> np.ndarray:
    return np.isin(corpus.groups, fold.attack + fold.benign) & real


def out_of_fold(corpus: Corpus, looks: "dict[str, Looks]", folds, real: np.ndarray, of_places) -> np.ndarray:
    """Request scores, each by the fold that left it out. `of_places`: scores of a fold's places."""
    scores = np.full(len(corpus.data), np.nan)
    for fold in folds:
        mine = held(corpus, fold, real)
        found = looks[fold.name]
        scores[mine] = corpus.values.request_max(found.highest(of_places(found), len(corpus.data.values)))[mine]
    return scores


def fit_cascade(corpus: Corpus, looks: "dict[str, Looks]", folds, real: np.ndarray, share: float) -> Cascade:
    """Platt on the mixture of both logits."""
    scores = out_of_fold(corpus, looks, folds, real, lambda found: found.joined(share, -np.inf))
    seen = ~np.isnan(scores)
    slope, intercept = calibration(scores[seen], corpus.data.label[seen])
    return Cascade(slope * share, slope * (1 - share), intercept, scores)


def network_alone(corpus: Corpus, looks: "dict[str, Looks]", folds, real: np.ndarray) -> np.ndarray:
    """Of the network by itself where it was asked; lowest where the gate found nothing to ask about."""
    return out_of_fold(corpus, looks, folds, real, lambda found: np.nan_to_num(found.network, nan=-15.0))


@dataclass
class Running:
    """A gate and a network as the sidecar runs them."""

    gate: Gate
    model: PayloadCnn
    gate_manifest: dict
    cascade: Cascade

    def log_odds(self, values: "list[bytes]", flags: np.ndarray) -> np.ndarray:
        """Of normalised values: of each place the gate's below its band, of both within; the highest counts."""
        calibration = self.gate_manifest["calibration"]
        low = (log_odds(self.gate_manifest["thresholds"]["low"]) - calibration["intercept"]) / calibration["slope"]
        found = ask(look(self.gate, values, flags, low), self.model, values, flags, low)
        return found.highest(self.cascade.as_run(found, calibration, low), len(values))


def as_run(corpus: Corpus, cascade: Cascade, gate_manifest: dict, looks: "dict[str, Looks]", folds, real: np.ndarray) -> np.ndarray:
    """Out-of-fold request scores (log-odds) of the cascade as the sidecar runs it: the network only inside the gate's band."""
    calibration = gate_manifest["calibration"]
    low = (log_odds(gate_manifest["thresholds"]["low"]) - calibration["intercept"]) / calibration["slope"]
    return out_of_fold(corpus, looks, folds, real, lambda found: cascade.as_run(found, calibration, low))


def cnn_package(model: PayloadCnn, version: str, corpus: Corpus, alone: np.ndarray, cascade: Cascade, banded: np.ndarray, gate_digest: str, seed: int,
                options: dict, extra_metrics: "dict[str, float]", rules: "Evidence | None" = None) -> bytes:
    """`alone`: out-of-fold request scores of the network by itself, for its own calibration; `banded`: of the cascade as run."""
    model.eval()
    seen = ~np.isnan(cascade.scores)
    label = corpus.data.label[seen]
    limits = thresholds(banded[seen], label, 1.0, 0.0)
    slope, intercept = calibration(alone[seen], label)
    limits.update({f"alone_{name}": value for name, value in thresholds(alone[seen], label, slope, intercept).items()})
    values = packaging.golden_values(GOLDEN_COUNT)
    float_onnx = export.to_onnx(model)
    files = {"model.onnx": float_onnx, "model-int8.onnx": export.to_int8(float_onnx), "kernel.bin": export.kernel_bytes(model),
             "tokenizer.json": packaging.canonical(packaging.TOKEN_SCHEMA),
             "golden.jsonl": packaging.golden_lines(values, [value_logit(v, lambda w, f: window_logit(model, w, f)) for v in values]),
             "corpus.jsonl": packaging.corpus(CORPUS_COUNT)}
    metrics = figures(corpus, OutOfFold(banded), 1.0, 0.0)
    metrics.update(extra_metrics)
    manifest = {
        "name": "payload-cnn", "version": version, "kind": "payload-cnn",
        "tokenizerDigest": packaging.digest(files["tokenizer.json"]),
        "featureSchemaDigest": packaging.digest(packaging.canonical(packaging.NORMALIZATION)),
        "inputs": [{"name": "tokens", "elementType": "int64", "shape": [-1, -1]}],
        "outputs": [{"name": "logit", "elementType": "float32", "shape": [-1]},
                    {"name": "families", "elementType": "float32", "shape": [-1, len(FAMILIES)]}],
        "calibration": {"slope": slope, "intercept": intercept},
        "cascade": {"gateWeight": cascade.gate_slope, "modelWeight": cascade.slope, "intercept": cascade.intercept},
        "thresholds": limits, "families": list(FAMILIES), "metrics": metrics,
        "provenance": {**provenance(corpus, seed, options), "gateDigest": gate_digest}}
    if rules:
        manifest["joint"] = rules.manifest
        limits.update(rules.thresholds(corpus.data.label))
    return packaging.write(manifest, files)


def left_out_packages(gate: Gate, model: PayloadCnn, version: str, gate_manifest: dict, cnn_manifest: dict, joint_of_fold: "dict | None") -> "tuple[bytes, bytes]":
    """The models of one fold with the release's calibration and the fold's own rule weights: for judging, never released."""
    model.eval()
    values = packaging.golden_values(40)
    out = []
    for manifest, weights, logits in (
            (gate_manifest, {"gate.bin": gate.to_bytes(), "tokenizer.json": packaging.canonical(packaging.GATE_SCHEMA)},
             [gate.logit(*normalize(v)) for v in values]),
            (cnn_manifest, {"kernel.bin": export.kernel_bytes(model), "tokenizer.json": packaging.canonical(packaging.TOKEN_SCHEMA)},
             [value_logit(v, lambda w, f: window_logit(model, w, f)) for v in values])):
        own = {k: v for k, v in manifest.items() if k not in ("files", "joint", "metrics", "inputs", "outputs")}
        own.update(version=version, inputs=[], outputs=[], metrics={})
        if joint_of_fold:
            own["joint"] = joint_of_fold
        out.append(packaging.write(own, {**weights, "golden.jsonl": packaging.golden_lines(values, logits)}))
    return out[0], out[1]


@torch.no_grad()
def window_logit(model: PayloadCnn, window: bytes, flags: int) -> float:
    return float(model(torch.tensor([tokens(window, flags)]))[0])
