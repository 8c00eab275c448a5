"""What follows a released pair: the same network under the new gate, judged on the same requests."""

import json
from pathlib import Path

import pytest

from wafml import ordinary, packaging, successor, verdicts

PACKAGES = Path(__file__).parents[2] / "packages"


def newest(name: str) -> bytes:
    return sorted(PACKAGES.glob(f"{name}-1.[4-9].*.tar"))[-1].read_bytes()


def test_the_network_follows_its_gate_with_its_weights_and_without_figures_of_the_pair_before():
    manifest, files = packaging.read(newest("gate"))
    gate = packaging.write({**{k: v for k, v in manifest.items() if k not in ("files", "format")}, "version": "9.0.0"}, files)
    before, weights = packaging.read(newest("payload-cnn"))
    after, same = packaging.read(successor.network_of(newest("payload-cnn"), gate))
    assert after["version"] == "9.0.0" and after["provenance"]["gateDigest"] == packaging.digest(gate) and same["kernel.bin"] == weights["kernel.bin"]
    assert after["cascade"] == before["cascade"] and after["joint"] == before["joint"] and not [k for k in after["thresholds"] if k.startswith(("fpr_", "joint_"))]
    assert packaging.read(successor.network_of(newest("payload-cnn"), gate, -0.5))[0]["cascade"]["intercept"] == -0.5


def lines(path: Path, scores: "list[tuple[str, int, str, float]]") -> Path:
    path.write_text("".join(f"f.jsonl\t{i}\t{label}\t{source}\tsqli\t0\t0\t{joint}\t{joint}\t\n" for i, (source, label, _, joint) in enumerate(scores)))
    return path


@pytest.mark.parametrize("source,label,then,now,named", [
    ("sqli query bare", 1, 0.9, 0.4, "others in values, bare"), ("sqli query bare", 1, 0.4, 0.9, None), ("ordinary names", 0, 0.1, 0.6, "ordinary names"), ("ordinary names", 0, 0.6, 0.1, None)])
def test_a_pair_that_loses_attacks_or_refuses_more_is_named(tmp_path, source, label, then, now, named):
    before, after = (verdicts.read(lines(tmp_path / name, [(source, label, "", p)] * 40)) for name, p in (("a", then), ("b", now)))
    found = verdicts.worse(verdicts.compared(before, after), 0.005, 0.005)
    assert [f.split(":")[0] for f in found] == ([named] if named else [])
    with pytest.raises(ValueError, match="same requests"):
        verdicts.compared(before, {})


def test_sources_of_what_judges_are_listed(tmp_path):
    path = tmp_path / "o.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in ordinary.requests()))
    assert successor.sources([path]) == sorted(f"ordinary {kind}" for kind in ordinary.VALUES)
    assert json.loads(successor.folds("1.2.3", [path]))[0]["version"] == "1.2.3"
