"""A gate and a network that were trained in different runs, released as a pair.

    python3 -m wafml.pair GATE.tar NETWORK.tar JOINT.tar --version V --cascade GATE MODEL INTERCEPT [--growth G]
                          --rules RULES.tsv --documents DOCUMENTS.tsv [--scores SCORES.tsv] --packages FOLDER

Weights and each model's own calibration stay what they were. `--cascade` weighs both logits; `JOINT.tar` gives the weights of rules; what of the SQL detector's
findings decides alone is counted anew (joint.py). `--scores` (tests/Benchmarks: detection scores, of recorded harmless requests) gives the pair's thresholds.
Figures of runs that judged other pairs are left out.
"""

import argparse
import base64
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np

from . import joint, packaging
from .gate import Gate
from .metrics import threshold_at
from .normalize import normalize

RATES = (0.01, 0.005, 0.001)


def decisive(rules: Path, documents: "dict[str, float]") -> "list[str]":
    """Keys that attacks trip often and neither a harmless request nor a document does."""
    seen = {"0": Counter(), "1": Counter()}
    with open(rules, encoding="utf-8") as lines:
        for line in lines:
            columns = line.rstrip("\n").split("\t")
            seen[columns[2]].update({entry.split(":", 2)[2] for entry in columns[8].split()})
    return sorted(key for key, count in seen["1"].items() if not seen["0"][key] and joint.is_decisive(key, count, documents))


def thresholds(scores: Path) -> "dict[str, float]":
    """Of recorded harmless requests: probability over which each share of them lies, of the pair and with rules."""
    rows = [line.rstrip("\n").split("\t") for line in open(scores, encoding="utf-8")]
    rows = [row for row in rows if row[2] == "0"]
    out = {}
    for name, column in (("fpr", 7), ("joint_fpr", 8)):
        found = np.array([float(row[column]) for row in rows])
        out.update({f"{name}_{rate:g}": float(threshold_at(found, rate)) for rate in RATES})
    return out


def with_growth(files: "dict[str, bytes]", growth: float) -> "dict[str, bytes]":
    """A gate's files with another growth; its golden vectors follow."""
    gate = Gate.from_bytes(files["gate.bin"])
    gate.growth = np.float32(growth)
    values = [base64.b64decode(json.loads(line)["value"]) for line in files["golden.jsonl"].splitlines()]
    return {**files, "gate.bin": gate.to_bytes(), "golden.jsonl": packaging.golden_lines(values, [gate.logit(*normalize(v)) for v in values])}


def pair(gate: bytes, network: bytes, rules_of: bytes, version: str, cascade: "tuple[float, float, float]", alone: "list[str]", limits: "dict[str, float]",
         growth: "float | None" = None) -> "tuple[bytes, bytes]":
    """Both packages under one version."""
    (gate_manifest, gate_files), (manifest, files), (with_rules, _) = (packaging.read(a) for a in (gate, network, rules_of))
    if growth is not None:
        gate_files = with_growth(gate_files, growth)
    gate_manifest = {k: v for k, v in gate_manifest.items() if k not in ("files", "format")}
    gate_manifest["version"] = version
    gate_manifest["joint"] = {**gate_manifest["joint"], "decisive": alone}
    gate_archive = packaging.write(gate_manifest, gate_files)
    manifest = {k: v for k, v in manifest.items() if k not in ("files", "format")}
    kept = {k: v for k, v in manifest["thresholds"].items() if k.startswith("alone_")}
    manifest.update(
        version=version, cascade=dict(zip(("gateWeight", "modelWeight", "intercept"), cascade)), thresholds={**kept, **limits},
        joint={**with_rules["joint"], "decisive": alone}, metrics={k: v for k, v in manifest["metrics"].items() if k.startswith("int8")},
        provenance={**manifest["provenance"], "gateDigest": packaging.digest(gate_archive), "pairedFrom": f"{packaging.digest(gate)} and {packaging.digest(network)}"})
    return gate_archive, packaging.write(manifest, files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("gate", "network", "joint"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--cascade", type=float, nargs=3, required=True)
    parser.add_argument("--growth", type=float)
    for name in ("rules", "documents", "packages"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--scores", type=Path)
    o = parser.parse_args()
    alone = sorted({*packaging.read(o.joint.read_bytes())[0]["joint"]["decisive"], *decisive(o.rules, joint.of_documents(o.documents))})
    archives = pair(o.gate.read_bytes(), o.network.read_bytes(), o.joint.read_bytes(), o.version, tuple(o.cascade), alone, thresholds(o.scores) if o.scores else {}, o.growth)
    for name, archive in zip(("gate", "payload-cnn"), archives):
        path = packaging.save(o.packages, name, o.version, archive)
        print(f"{path}  {len(archive):,} bytes  sha256:{hashlib.sha256(archive).hexdigest()}")


if __name__ == "__main__":
    main()
