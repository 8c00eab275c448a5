"""A gate trained further is released with what it was released with before, at the scale that keeps harmless requests where they were."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from wafml import further, golden, packaging
from wafml.gate import Gate
from wafml.metrics import threshold_at
from wafml.normalize import normalize

PACKAGES = Path(__file__).parents[2] / "packages"
BEFORE = np.random.default_rng(1).normal(-4, 2, 20_000)


def released() -> bytes:
    return sorted(PACKAGES.glob("gate-1.[3-9].*.tar"))[-1].read_bytes()


def test_the_intercept_moves_so_that_as_many_harmless_requests_are_over_one_half_as_before():
    calibration = {"slope": 1.5, "intercept": -1.5 * float(threshold_at(BEFORE, further.MOVED_AT))}
    after = 0.8 * BEFORE - 1.0
    found = further.moved(calibration, BEFORE, after)
    assert found["slope"] == 1.5 and found["intercept"] > calibration["intercept"]
    shares = [float((found["slope"] * z + i > 0).mean()) for z, i in ((BEFORE, calibration["intercept"]), (after, found["intercept"]))]
    assert shares[0] == pytest.approx(shares[1], abs=2e-4) and shares[0] == pytest.approx(further.MOVED_AT, rel=0.1)


def test_a_package_of_it_has_its_weights_and_golden_vectors_and_no_figure_of_the_old_one():
    old = released()
    manifest, files = packaging.read(old)
    gate = golden.synthetic_gate()
    made, inside = packaging.read(further.packaged(old, gate, "9.0.0", BEFORE, BEFORE - 1.0, {"x": 0.5}, {"seed": "1"}))
    assert (Gate.from_bytes(inside["gate.bin"]).weights == gate.weights).all() and Gate.from_bytes(inside["gate.bin"]).growth == Gate.from_bytes(files["gate.bin"]).growth
    assert made["version"] == "9.0.0" and made["metrics"] == {"x": 0.5} and made["joint"] == manifest["joint"] and made["thresholds"] == manifest["thresholds"]
    assert made["provenance"] == {"seed": "1", "startedFrom": packaging.digest(old)}
    assert made["calibration"]["intercept"] == pytest.approx(manifest["calibration"]["intercept"] + manifest["calibration"]["slope"])
    first = json.loads(inside["golden.jsonl"].splitlines()[0])
    assert first["logit"] == pytest.approx(gate.logit(*normalize(base64.b64decode(first["value"]))))
