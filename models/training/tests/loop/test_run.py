"""A whole run on small data, as the Job does it: twice the same bytes, every refusal by its name, and a signature that the operator's check takes."""

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from wafml import attacks, benign, packaging
from wafml.loop import __main__ as program
from wafml.loop import refusals, run
from wafml.loop.manifest import DAY, Manifest

from .world import NOW, PACKAGES

ROOT = Path(__file__).parents[2]
BASELINE = max(PACKAGES.glob("gate-*.tar"), key=lambda p: [int(n) for n in p.stem.split("-")[1].split(".")])
AT = "2026-11-10T09:00:00Z"


def lines(count: int, seed: int, **more) -> "list[dict]":
    rng = random.Random(seed)
    out = []
    for label, made in ((1, attacks.generate(2 * count, seed)), (0, benign.generate(2 * count, seed))):
        for i, (family, value) in enumerate(rng.sample(made, count)):
            out.append({"id": f"{seed}-{label}-{i}", "time": AT, "client": f"10.{i % 200}.{seed % 200}.{label}", "policy": "shop/shop", "method": "POST", "uri": "/comments",
                        "headers": {"Content-Type": "application/json"}, "body": json.dumps({"text": value.decode("utf-8", "replace")}), "label": label,
                        "source": "site", "attack": family if label else None, "labels": [{"by": f"p{i % 40}", "at": AT, "label": label}], **more})
    return out


@pytest.fixture()
def asked(tmp_path) -> run.Request:
    for name in ("data", "golden", "packages"):
        (tmp_path / name).mkdir()
    write(tmp_path / "data/week.jsonl", lines(60, 3) + [{**n, "id": f"open {n['id']}", "labels": []} for n in lines(20, 4)])
    write(tmp_path / "golden/site.jsonl", lines(150, 9))
    return run.Request(manifest(tmp_path).canonical(), "9.0.0", tmp_path / "data", tmp_path / "golden", tmp_path / "packages", "registry.local/training@sha256:1", "abc",
                       PACKAGES, replay=1_000)


def write(path: Path, some: "list[dict]") -> None:
    path.write_text("".join(json.dumps(n) + "\n" for n in some))


def manifest(folder: Path, **changes) -> Manifest:
    digest = packaging.digest(BASELINE.read_bytes())
    golden = "sha256:" + hashlib.sha256((folder / "golden/site.jsonl").read_bytes()).hexdigest()
    text = json.dumps({"format": "waf-dataset/v1", "family": "gate", "from": NOW - 180 * DAY, "to": NOW, "quarantineDays": 7,
                       "caps": {"clientPermille": 10, "networkPermille": 10, "labellerPermille": 10}, "samplesMax": 1000, "policies": [], "seed": 5,
                       "data": [{"name": "week.jsonl", "digest": ""}], "golden": [{"name": "site.jsonl", "digest": golden}], "baseline": digest, "first": digest})
    return replace(Manifest.parse(text), **changes)


def quiet(_):
    pass


def test_the_same_manifest_gives_the_same_package_and_what_it_was_made_of_is_in_it(asked):
    first = run.run(asked, quiet).document
    assert "reason" not in first, first
    path = asked.packages / first["file"]
    bytes_ = path.read_bytes()
    path.write_bytes(b"another package")
    assert run.run(asked, quiet).document["reason"] == refusals.VERSION_TAKEN and path.read_bytes() == b"another package"
    path.unlink()
    # What the first run pinned, as another would be asked for it.
    again = run.run(replace(asked, manifest=(asked.packages / "gate-9.0.0.dataset.json").read_text()), quiet).document
    assert again == first and path.read_bytes() == bytes_ and packaging.digest(bytes_) == first["package"]
    made, files = packaging.read(bytes_)
    old, before = packaging.read(BASELINE.read_bytes())
    assert made["version"] == "9.0.0" and files["gate.bin"] != before["gate.bin"] and made["thresholds"] == old["thresholds"]
    assert made["provenance"]["dataset"] == first["dataset"] and made["provenance"]["startedFrom"] == packaging.digest(BASELINE.read_bytes())
    assert made["provenance"]["image"] == asked.image and made["provenance"]["selected"] == str(first["selected"]) and first["offered"] >= 115
    assert made["metrics"]["all.recall"] >= made["metrics"]["all.recall.first"] - 0.01
    assert 1 <= len(first["labelsWanted"]) <= 20 and all(name.startswith("open") for name in first["labelsWanted"])
    other = run.run(replace(asked, version="9.0.1", manifest=manifest(asked.data.parent, seed=6).canonical()), quiet).document
    assert other["package"] != first["package"]


def test_as_a_process_it_says_the_same_and_signs(asked, tmp_path):
    key, public, result = tmp_path / "key.pem", tmp_path / "key.pub", tmp_path / "result"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    environment = {**os.environ, "WAF_TRAINING_MANIFEST": asked.manifest, "WAF_TRAINING_VERSION": "9.0.0", "WAF_TRAINING_IMAGE": asked.image, "WAF_TRAINING_COMMIT": "abc"}
    subprocess.run([sys.executable, "-m", "wafml.loop", "--data", asked.data, "--golden", asked.golden, "--packages", asked.packages, "--released", PACKAGES,
                    "--signing-key", key, "--result", result, "--replay", "1000"], check=True, cwd=ROOT, env=environment, capture_output=True)
    said = json.loads(result.read_text())
    assert len(result.read_bytes()) <= 4_096 and said["package"] == run.run(asked, quiet).document["package"]
    (tmp_path / "signature").write_bytes(base64.b64decode(said["signature"]))
    text = f"waf-model-package/v1\ngate\n9.0.0\n{said['package']}\n".encode()
    assert subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", tmp_path / "signature"], input=text, capture_output=True).returncode == 0


def poisoned(asked):
    write(asked.data / "week.jsonl", lines(60, 3) + [{**n, "id": f"m{n['id']}", "labels": [{"by": "mallory", "at": AT, "label": 0}]} for n in lines(60, 77) if n["label"]])


def unreadable(asked):
    (asked.data / "week.jsonl").write_text("no JSON\n" * 40)


@pytest.mark.parametrize("reason, spoil, changes", [
    (refusals.POISONED, poisoned, {}),
    (refusals.TOO_FEW_LABELS, lambda a: write(a.data / "week.jsonl", lines(3, 3)), {}),
    (refusals.DATA_QUALITY, unreadable, {}),
    (refusals.DATA_MISSING, lambda a: (a.data / "week.jsonl").unlink(), {}),
    (refusals.GOLDEN_CHANGED, lambda a: write(a.golden / "site.jsonl", lines(150, 10)), {}),
    (refusals.BASELINE_MISSING, lambda a: None, {"baseline": "sha256:" + "0" * 64}),
    (refusals.BASELINE_MISSING, lambda a: None, {"first": "sha256:" + "0" * 64}),
    (refusals.FAMILY_UNKNOWN, lambda a: None, {"family": "payload-cnn"})])
def test_a_refusal_has_its_name_and_no_package(asked, reason, spoil, changes):
    text = manifest(asked.data.parent, **changes).canonical()
    spoil(asked)
    said = run.run(replace(asked, manifest=text), quiet).document
    assert said["reason"] == reason and "package" not in said and not list(asked.packages.glob("*.tar")), said


def test_sets_that_judge_need_enough_of_both(asked):
    write(asked.golden / "site.jsonl", lines(20, 9))
    assert run.run(replace(asked, manifest=manifest(asked.data.parent).canonical()), quiet).document["reason"] == refusals.GOLDEN_MISSING


def test_what_judges_is_not_trained_on(asked):
    write(asked.data / "week.jsonl", lines(150, 9))
    said = run.run(asked, quiet).document
    assert said["reason"] == refusals.TOO_FEW_LABELS and said["offered"] == 0


def test_a_manifest_that_is_none_is_a_result(asked):
    assert run.run(replace(asked, manifest="{}"), quiet).document["reason"] == refusals.MANIFEST_INVALID


def test_the_result_fits_whatever_is_in_it():
    said = {"reason": "Poisoned", "message": "\u00e9" * 3_000, "labelsWanted": ["x" * 200] * 20, "offered": 7}
    text = program.document(said)
    assert len(text.encode()) <= 4_096 and json.loads(text)["offered"] == 7 and json.loads(text)["message"]
