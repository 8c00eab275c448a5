"""Pairs of models of different runs: weights stay, what joins them is new, and nothing is claimed of them that judged others."""

import hashlib
import json
from pathlib import Path

import pytest

from wafml import packaging, pair
from wafml.gate import Gate

PACKAGES = Path(__file__).parents[2] / "packages"


def released(name: str) -> bytes:
    return sorted(PACKAGES.glob(f"{name}-1.[2-9].*.tar"))[-1].read_bytes()


def test_a_pair_keeps_weights_and_names_the_gate_it_was_made_for():
    gate, network = released("gate"), released("payload-cnn")
    first, second = pair.pair(gate, network, network, "9.0.0", (1.5, 0.25, -1.0), ["942100/'s&1"], {"fpr_0.01": 0.5}, growth=0.125)
    (gate_manifest, gate_files), (manifest, files) = packaging.read(first), packaging.read(second)
    before, old = packaging.read(gate)[1], packaging.read(network)
    assert Gate.from_bytes(gate_files["gate.bin"]).growth == pytest.approx(0.125)
    assert (Gate.from_bytes(gate_files["gate.bin"]).weights == Gate.from_bytes(before["gate.bin"]).weights).all()
    assert files == old[1] and manifest["calibration"] == old[0]["calibration"] and manifest["thresholds"]["alone_fpr_0.005"] == old[0]["thresholds"]["alone_fpr_0.005"]
    assert manifest["cascade"] == {"gateWeight": 1.5, "modelWeight": 0.25, "intercept": -1.0} and manifest["thresholds"]["fpr_0.01"] == 0.5
    assert manifest["provenance"]["gateDigest"] == "sha256:" + hashlib.sha256(first).hexdigest()
    assert manifest["joint"]["decisive"] == gate_manifest["joint"]["decisive"] == ["942100/'s&1"] and not any(k.startswith("loso") for k in manifest["metrics"])
    assert {gate_manifest["version"], manifest["version"]} == {"9.0.0"}


def test_golden_vectors_follow_another_growth():
    files = packaging.read(released("gate"))[1]
    changed = pair.with_growth(files, 2.0)
    logits = [[json.loads(line)["logit"] for line in f["golden.jsonl"].splitlines()] for f in (pair.with_growth(files, 0.0), changed)]
    assert any(a > b for a, b in zip(*logits)) and all(a >= b for a, b in zip(*logits))


def test_what_decides_alone_is_what_only_attacks_show(tmp_path):
    path = tmp_path / "rules.tsv"
    rows = [(1, "942100/'s&1")] * 25 + [(1, "942100/:n")] * 25 + [(0, "942100/:n")] + [(1, "942100/'sc")] * 25 + [(1, "942100/rare")] * 3 + [(1, "932170")] * 299
    path.write_text("".join(f"f\t{i}\t{y}\ts\t\t0\t0\t\t0:20:{key}\n" for i, (y, key) in enumerate(rows)))
    assert pair.decisive(path, {"942100/'sc": 0.001}) == ["942100/'s&1"]


def test_thresholds_are_of_harmless_requests(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text("".join(f"f\t{i}\t{int(i >= 1000)}\ts\t\t0\t0\t{i / 1000 if i < 1000 else 1:.4f}\t{i / 2000 if i < 1000 else 1:.4f}\n" for i in range(1500)))
    found = pair.thresholds(path)
    assert found["fpr_0.01"] == pytest.approx(0.99, abs=0.002) and found["joint_fpr_0.01"] == pytest.approx(0.495, abs=0.002)
