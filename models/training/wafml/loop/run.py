"""One run: from a manifest, its data and the package in force to a package that may follow it, or a reason why there is none."""

import base64
import http.client
import os
import subprocess
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .. import packaging
from ..normalize import normalize
from ..readers import JsonlReader, Rejects
from . import asking, canaries, fitting, judging, samples, select
from .fitting import Scored
from .manifest import FILE_BYTES_MAX, Manifest
from .refusals import BASELINE_MISSING, DATA_MISSING, DATA_QUALITY, FAMILY_UNKNOWN, GOLDEN_MISSING, VERSION_TAKEN, Refused
from .samples import Sample

FAMILY = "gate"
GOLDEN_VECTORS = 200
GOLDEN_MIN = 50  # requests of each label that judge
MISSING_MAX = 0.02
REPLAY_MIN = 20_000
FETCHED = "export.jsonl"
FETCH_SECONDS_MAX = 600
MESSAGE_MAX = 1_000


@dataclass(frozen=True)
class Request:
    """What a Job is asked for."""

    manifest: str
    version: str
    data: Path
    golden: Path
    packages: Path
    image: str = ""
    commit: str = ""
    released: "Path | None" = None  # packages that came with the image
    signing_key: "Path | None" = None
    url: "str | None" = None
    token_file: "Path | None" = None
    replay: int = REPLAY_MIN


@dataclass
class Result:
    """What came of it: the document that the operator reads, and figures for people."""

    document: dict = field(default_factory=dict)
    figures: "dict[str, float]" = field(default_factory=dict)
    cut: Counter = field(default_factory=Counter)


def run(asked: Request, echo=print) -> Result:
    """Never raises Refused: a refusal is a result."""
    result = Result()
    try:
        _run(asked, result, echo)
    except Refused as refused:
        result.document.update(reason=refused.reason, message=refused.message[:MESSAGE_MAX])
    return result


def _run(asked: Request, result: Result, echo) -> None:
    manifest = Manifest.parse(asked.manifest)
    if manifest.family != FAMILY:
        raise Refused(FAMILY_UNKNOWN, f"this program trains the family {FAMILY}, not {manifest.family}")
    if asked.url:
        fetch(asked.url, asked.token_file, asked.data / FETCHED)
    manifest = manifest.pinned(asked.data, asked.golden)
    result.document["dataset"] = manifest.digest()
    archive, first = (_package(asked, digest) for digest in (manifest.baseline, manifest.first))
    baseline, oldest = fitting.of_package(archive), fitting.of_package(first)
    judges = _golden(manifest, asked.golden)
    judging_values = set(judges.values)
    attacks = _values_of(judges, 1) - _values_of(judges, 0)
    found = [s for s in _samples(manifest, asked.data, result) if not _judges(s, judging_values, attacks)]
    chosen = _select(manifest, found, baseline, asked.replay, result)
    result.cut = chosen.cut
    echo(f"{chosen.offered:,} labelled requests, {len(chosen.chosen):,} selected; left out: {dict(chosen.cut)}")
    select.check(chosen)
    replay, scale = (_without(fitting.replayed(asked.replay, seed), judging_values) for seed in (manifest.seed + 1, manifest.seed + 2_000_000))
    candidate = fitting.further(baseline, replay, scale, chosen.chosen, manifest.seed, echo)
    _judge(candidate, baseline, oldest, judges, result)
    package = packaged(archive, candidate, asked, manifest, result, len(chosen.chosen))
    _write(asked, manifest, package, result)


def fetch(url: str, token_file: "Path | None", to: Path) -> None:
    """Writes what an export answers, up to FILE_BYTES_MAX. Redirects are not followed: the network is open for one place."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    call = urllib.request.Request(url, headers={"Authorization": f"Bearer {token_file.read_text().strip()}"} if token_file else {})
    try:
        with urllib.request.build_opener(Stay).open(call, timeout=FETCH_SECONDS_MAX) as answer, open(to, "wb") as out:
            size = 0
            while part := answer.read(1 << 20):
                size += len(part)
                if size > FILE_BYTES_MAX:
                    raise Refused(DATA_MISSING, f"the export is over {FILE_BYTES_MAX >> 20} MiB")
                out.write(part)
    except (OSError, http.client.HTTPException) as error:
        raise Refused(DATA_MISSING, f"the export cannot be had: {error}") from error


def _package(asked: Request, digest: str) -> bytes:
    for folder in filter(None, (asked.packages, asked.released)):
        for path in sorted(folder.glob(f"{FAMILY}-*.tar")):
            data = path.read_bytes()
            if packaging.digest(data) == digest:
                return data
    raise Refused(BASELINE_MISSING, f"no package {digest} is in the output's claim or the image")


def _golden(manifest: Manifest, folder: Path):
    rejects = Rejects()
    found = [r for f in manifest.golden for r in JsonlReader().read(folder / f.name, rejects)]
    labels = Counter(r.label for r in found)
    if min(labels[0], labels[1]) < GOLDEN_MIN or rejects:
        raise Refused(GOLDEN_MISSING, f"{labels[1]} attacks and {labels[0]} harmless requests judge, {sum(rejects.values())} lines cannot be read; "
                                      f"{GOLDEN_MIN} of each are needed, and all lines")
    return fitting.as_dataset(found, [r.label for r in found], [r.source for r in found], [r.attack or "other" if r.label else "" for r in found])


def _samples(manifest: Manifest, folder: Path, result: Result) -> "list[Sample]":
    rejects = Counter()
    found = samples.read([folder / f.name for f in manifest.data], rejects)
    bad = sum(count for why, count in rejects.items() if why != "same event")
    if bad > MISSING_MAX * max(1, bad + len(found)):
        raise Refused(DATA_QUALITY, f"{bad} of {bad + len(found)} lines cannot be read: {dict(rejects)}")
    return found


def _values(sample: Sample) -> "list[bytes]":
    return fitting.as_dataset([sample.request], [0], [""], [""]).values


def _values_of(data, label: int) -> "set[bytes]":
    return {data.values[v] for r in range(len(data)) if data.label[r] == label for v in data.refs[data.bounds[r]:data.bounds[r + 1]]}


def _judges(sample: Sample, judging_values: "set[bytes]", attacks: "set[bytes]") -> bool:
    """All that would be learned of it is in the sets that judge, or something of it stands in attacks that judge and in nothing harmless there."""
    values = _values(sample)
    return bool(values) and (all(v in judging_values for v in values) or any(v in attacks for v in values))


def _without(data, judging_values: "set[bytes]"):
    kept = [(data.attack[r] or "benign", data.values[data.refs[data.bounds[r]]], int(data.label[r])) for r in range(len(data))
            if data.values[data.refs[data.bounds[r]]] not in judging_values]
    return fitting.of_values(kept, "replay")


def _select(manifest: Manifest, found: "list[Sample]", baseline: Scored, replay: int, result: Result) -> select.Selection:
    seen = fitting.as_dataset([s.request for s in found], [0] * len(found), [""] * len(found), [""] * len(found))
    odds = baseline.logits(seen) * baseline.slope + baseline.intercept
    probability = 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
    suspects = {s.id for s, p in zip(found, probability) if p >= select.SUSPECT_AT}
    share = lambda permille: permille / 1000
    bounds = select.Bounds(manifest.start, manifest.end, manifest.quarantine_days, share(manifest.caps.client), share(manifest.caps.network),
                           share(manifest.caps.labeller), manifest.samples_max, manifest.policies, manifest.seed)
    chosen = select.select(found, bounds, replay, lambda s: s.id in suspects)
    result.document.update(offered=chosen.offered, selected=len(chosen.chosen), contested=chosen.contested,
                           labelsWanted=asking.wanted(found, probability, manifest.start, manifest.end))
    return chosen


def _judge(candidate: Scored, baseline: Scored, oldest: Scored, judges, result: Result) -> None:
    texts = canaries.dataset()
    judging.refuse_missed(canaries.missed(list(baseline.found(texts)), list(candidate.found(texts))))
    sets = judging.Golden(judges.label, list(judges.attack))
    result.figures = judging.judge(sets, candidate.found(judges), {"current": baseline.found(judges), "first": oldest.found(judges)})


def packaged(old: bytes, candidate: Scored, asked: Request, manifest: Manifest, result: Result, selected: int) -> bytes:
    """What the package in force was released with, the new weights, and where they come from. Holds no date of today: the same run gives the same bytes."""
    before, files = packaging.read(old)
    before = {k: v for k, v in before.items() if k not in ("files", "format")}
    values = packaging.golden_values(GOLDEN_VECTORS)
    lines = packaging.golden_lines(values, [candidate.gate.logit(*normalize(v)) for v in values])
    files = {**files, "gate.bin": candidate.gate.to_bytes(), "golden.jsonl": lines}
    provenance = {"dataset": manifest.digest(), "image": asked.image, "commit": asked.commit, "seed": str(manifest.seed), "window": f"{manifest.start}-{manifest.end}",
                  "offered": str(result.document["offered"]), "selected": str(selected), "contested": str(result.document["contested"]),
                  "replayed": str(asked.replay), "startedFrom": manifest.baseline, "judgedBeside": manifest.first}
    before.update(version=asked.version, calibration={"slope": candidate.slope, "intercept": candidate.intercept},
                  metrics={k: round(v, 6) for k, v in sorted(result.figures.items())}, provenance=provenance)
    return packaging.write(before, files)


def _write(asked: Request, manifest: Manifest, package: bytes, result: Result) -> None:
    name = f"{FAMILY}-{asked.version}"
    digest = packaging.digest(package)
    there = asked.packages / f"{name}.tar"
    if there.exists() and packaging.digest(there.read_bytes()) != digest:
        raise Refused(VERSION_TAKEN, f"{there.name} is another package: a version is never written anew; take the next number")
    for suffix, data in ((".dataset.json", manifest.canonical().encode("ascii")), (".tar", package)):
        partial = asked.packages / f".{name}{suffix}.partial"
        partial.write_bytes(data)
        os.replace(partial, asked.packages / f"{name}{suffix}")
    result.document.update(package=digest, file=f"{name}.tar", version=asked.version)
    if asked.signing_key:
        result.document["signature"] = signed(asked.signing_key, FAMILY, asked.version, digest)


def signed(key: Path, model: str, version: str, digest: str) -> str:
    """Base64 of the signature over what the operator checks: format, model, version and digest, a line each."""
    text = f"waf-model-package/v1\n{model}\n{version}\n{digest}\n".encode()
    return base64.b64encode(subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key)], input=text, capture_output=True, check=True).stdout).decode()
