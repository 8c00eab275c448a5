#!/usr/bin/python3
"""Makes deliberately worse packages for rollout tests: `degrade.py gate-1.5.0.tar --worse recall --version 1.6.0-bad-recall --out FOLDER`.

recall: attacks score lower (found late or not at all); fpr: harmless values score higher; noise: random weights added.
The package stays well formed: digests, golden vectors and manifest fit the worse weights.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from wafml import packaging  # noqa: E402
from wafml.gate import Gate  # noqa: E402
from wafml.normalize import normalize  # noqa: E402


def worse_gate(gate: Gate, worse: str, amount: float, seed: int) -> Gate:
    rng = np.random.default_rng(seed)
    weights = gate.weights.astype(np.float64)
    bias = float(gate.bias)
    if worse == "recall":
        weights = np.where(weights > 0, weights * (1 - amount), weights)
    elif worse == "fpr":
        weights = np.where(weights < 0, weights * (1 - amount), weights)
        bias += 2 * amount
    else:
        weights += rng.normal(0, amount * np.abs(weights).mean() * 8, len(weights))
    return replace(gate, weights=np.clip(np.rint(weights), -127, 127).astype(np.int8), bias=np.float32(bias))


def degrade(archive: bytes, worse: str, amount: float, version: str, seed: int) -> bytes:
    manifest, files = packaging.read(archive)
    if manifest["kind"] != "gate-linear":
        raise SystemExit(f"{manifest['kind']}: only gates can be made worse; pair the worse gate with any payload-cnn")
    gate = worse_gate(Gate.from_bytes(files["gate.bin"]), worse, amount, seed)
    values = packaging.golden_values(200)
    files["gate.bin"] = gate.to_bytes()
    files["golden.jsonl"] = packaging.golden_lines(values, [gate.logit(*normalize(v)) for v in values])
    manifest.pop("files")
    manifest["version"] = version
    manifest["provenance"] = {**manifest["provenance"], "degraded": f"{worse} {amount:g} of {packaging.digest(archive)}"}
    return packaging.write(manifest, files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("--worse", choices=("recall", "fpr", "noise"), required=True)
    parser.add_argument("--amount", type=float, default=0.5)
    parser.add_argument("--version", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    archive = degrade(options.package.read_bytes(), options.worse, options.amount, options.version, options.seed)
    path = packaging.save(options.out, "gate", options.version, archive)
    print(f"{path} {packaging.digest(archive)}")


if __name__ == "__main__":
    main()
