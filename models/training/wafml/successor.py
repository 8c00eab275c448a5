"""The pair that a further trained gate makes with the released network, ready to be judged beside the pair before it.

    python3 -m wafml.successor OLD_NETWORK.tar NEW_GATE.tar --packages FOLDER --judge DATA.jsonl... [--intercept I]

The network's weights stay; its manifest names the new gate. Its cascade keeps its intercept, as a gate that was trained further gives the same attacks the same
logits, unless `--intercept` says otherwise. FOLDER gets `folds.json` for `tests/Benchmarks -- detection scores`, with all sources of the data that judge: nothing
is left out there, and what is said of such scores has to say so. `--scores` (what that printed of recorded harmless requests) puts the pair's limits into the
manifest afterwards.
"""

import argparse
import gzip
import json
from pathlib import Path

from . import packaging, pair


def network_of(old: bytes, gate: bytes, intercept: "float | None" = None, limits: "dict[str, float] | None" = None) -> bytes:
    """The network's package under the gate's version."""
    manifest, files = packaging.read(old)
    manifest = {k: v for k, v in manifest.items() if k not in ("files", "format")}
    kept = {k: v for k, v in manifest["thresholds"].items() if not k.startswith(("fpr_", "joint_"))}
    cascade = manifest["cascade"] if intercept is None else {**manifest["cascade"], "intercept": intercept}
    manifest.update(version=packaging.read(gate)[0]["version"], cascade=cascade, thresholds={**kept, **(limits or {})},
                    provenance={**manifest["provenance"], "gateDigest": packaging.digest(gate), "pairedFrom": f"{packaging.digest(gate)} and {packaging.digest(old)}"})
    return packaging.write(manifest, files)


def sources(data: "list[Path]") -> "list[str]":
    found = set()
    for path in data:
        with (gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")) as lines:
            found.update(json.loads(line)["source"] for line in lines if line.strip())
    return sorted(found)


def folds(version: str, data: "list[Path]") -> str:
    return json.dumps([{"name": version, "version": version, "sources": sources(data)}])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("gate", type=Path)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--judge", type=Path, nargs="+", required=True)
    parser.add_argument("--intercept", type=float)
    parser.add_argument("--scores", type=Path)
    o = parser.parse_args()
    gate = o.gate.read_bytes()
    version = packaging.read(gate)[0]["version"]
    print(packaging.save(o.packages, "payload-cnn", version, network_of(o.network.read_bytes(), gate, o.intercept, pair.thresholds(o.scores) if o.scores else None)))
    if o.gate.parent.resolve() != o.packages.resolve():
        print(packaging.save(o.packages, "gate", version, gate))
    (o.packages / "folds.json").write_text(folds(version, o.judge), encoding="utf-8")


if __name__ == "__main__":
    main()
