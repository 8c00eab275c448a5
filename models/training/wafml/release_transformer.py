"""Makes the package of a trained transformer: calibration, thresholds, golden requests, regression corpus.

    python3 -m wafml.release_transformer CORPUS --run RUN --version 0.1.0 [--out ../packages]
    python3 -m wafml.release_transformer --sample ../../tests/Scoring.Tests/Packages

The second writes a package of a small network with random weights, whose golden requests hold Python and C# equal.
"""

import argparse
import base64
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from . import attacks, benign, learn_subwords, packaging, sequences, taxonomy
from .metrics import platt, threshold_at
from .normalize import normalize
from .readers import Request
from .release import RATES, sigmoid
from .subwords import PAD, Subwords
from .token_corpus import HELD_OUT, VALIDATION, TokenCorpus
from .train_transformer import LENGTH_STEP, Batches, requests_of, score
from .transformer import OUTPUTS, RequestTransformer, Shape, to_onnx, with_small_table

KIND = "request-transformer"
GOLDEN_COUNT = 40
CORPUS_COUNT = 300
SAMPLE_SHAPE = Shape(vocabulary=400, layers=2, hidden=16, heads=4, length=64)
SAMPLE_SEED = 20261130
METHOD_BYTES_MAX = 16
CRITICAL = 0.9  # a policy's default
RAISED_SHARE = 0.001  # of harmless requests that the model by itself makes critical, as it reads them behind others
UNCERTAIN_SHARE = 0.01  # of harmless requests whose answer is too wide to count
ROUNDED_EVERY = 12  # of the requests that judge, which the package's rounded weights are compared on
ASKED_FROM = 0.02  # the score of the parts from which on the request is read
NAMES = {"command": "cmdi", "path": "path-traversal", "ldap": "ldapi"}  # as events name them; the others as here

_PAGE = {"Host": "shop.example", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0 Safari/537.36"}
_FORM = {**_PAGE, "Content-Type": "application/x-www-form-urlencoded"}


def family_names() -> "list[str]":
    return [NAMES.get(f, f) for f in taxonomy.FAMILIES]


def type_names() -> "list[str]":
    named = (taxonomy.type_name(i).split("/") for i in range(taxonomy.TYPE_COUNT))
    return [f"{NAMES.get(family, family)}/{kind}" for family, kind in named]


def written_requests() -> "list[dict]":
    """Requests of every shape: places, methods, encodings, more rows than one, and more than are read."""
    rng = np.random.default_rng(SAMPLE_SEED)
    words = "the garden, was; full (of) apples = and 'people'".split()
    many = "&".join(f"f{i}={'+'.join(rng.choice(words, 6))}" for i in range(40))
    endless = "&".join(f"f{i}={'+'.join(rng.choice(words, 6))}" for i in range(900))
    part = "--b1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n<b onclick=x()>hi</b>\r\n--b1--\r\n"
    rows = (
        ("GET", "/", {}, None),
        ("BREW", "/pot/%2e%2e/%2e%2e/etc/passwd", _PAGE, None),
        ("GET", "/items?q=1%27%20or%201%3D1--%20-&page=2", _PAGE, None),
        ("GET", "/a?class.module.loader=x%3By", _PAGE, None),
        ("DELETE", "/items/7?x=%253Cscript%253Ealert(1)%253C/script%253E", _PAGE, None),
        ("GET", "/", {**_PAGE, "Referer": "https://shop.example/?q=<svg/onload=alert(1)>"}, None),
        ("GET", "/", {**_PAGE, "X-Api": "${jndi:ldap://x.example/a}"}, None),
        ("GET", "/", {**_PAGE, "Cookie": f"session={'0f' * 40}"}, None),
        ("GET", "/", {**_PAGE, "Cookie": "theme=a'b; id=1 union select 2"}, None),
        ("POST", "/login", _FORM, "user=admin'--&pass=%24%7B7*7%7D"),
        ("POST", "/long", _FORM, many),
        ("POST", "/endless", _FORM, endless),
        ("POST", "/note", {**_PAGE, "Content-Type": "multipart/form-data; boundary=b1"}, part),
        ("PUT", "/api", {**_PAGE, "Content-Type": "application/json"}, '{"a":{"b":"; cat /etc/passwd"},"c":"x, y"}'),
        ("POST", "/x", {**_PAGE, "Content-Type": "application/xml"}, "<a><b>1' or '1'='1</b></a>"),
    )
    return [{"method": m, "uri": u, "headers": h, "body": b} for m, u, h, b in rows]


def golden_requests() -> "list[dict]":
    """Those, and attacks and harmless requests of the own grammars. The sidecar reads some values a second time, as
    programs behind it may (web tokens, what stands behind a line feed): those it has more rows of, and none is here.
    """
    drawn = [json.loads(line) for line in packaging.corpus(GOLDEN_COUNT // 2).decode().splitlines()]
    drawn = [{k: r[k] for k in ("method", "uri", "headers", "body")} for r in drawn]
    return written_requests() + [r for r in drawn if "%0A" not in f"{r['uri']}{r['body']}"]


def read_as_recorded(request: dict) -> Request:
    """A golden request as training's readers give it."""
    return Request(request["method"], request["uri"], request["headers"], request["body"], 0, "golden")


def compact(request: Request) -> bytes:
    """The request as sidecars send it to a pool (crds/Protocols/Inference), to a package of digest zero: a package
    cannot name its own.
    """
    values = sequences.values(request)
    method = request.method.encode()
    method = method if len(method) <= METHOD_BYTES_MAX else b""
    out = struct.pack("<4sBBH32xB", b"WAFR", 1, 0, len(values), len(method)) + method
    for value in values:
        out += struct.pack("<BBHH", value.section, value.marker, value.flags, len(value.text)) + value.text
    return out


def answer(model: RequestTransformer, subwords: Subwords, request: dict) -> dict:
    """Every output of the request's worst row, by name, as every runtime must give them."""
    read = read_as_recorded(request)
    rows = sequences.tokens(read, subwords, model.shape.length).rows
    found = []
    for row in rows:
        length = min(model.shape.length, -(-len(row) // LENGTH_STEP) * LENGTH_STEP)
        padded = torch.full((1, length), PAD)
        padded[0, : len(row)] = torch.tensor(row)
        with torch.no_grad():
            found.append([o[0] for o in model(padded)])
    logit, uncertainty, families, types, _ = max(found, key=lambda outputs: float(outputs[0]))
    family = int(families.argmax())
    first = taxonomy.FIRST_TYPE[family]
    kind = first + int(types[first : first + len(taxonomy.TYPES[family])].argmax())
    return {
        "logit": float(logit),
        "uncertainty": float(uncertainty),
        "family": family_names()[family],
        "type": type_names()[kind],
    }


def package(model: RequestTransformer, subwords: Subwords, about: dict) -> bytes:
    """The archive; `about`: name, version, and what else the manifest says of this model."""
    model = with_small_table(model)
    lines = [
        {**r, **answer(model, subwords, r), "compact": base64.b64encode(compact(read_as_recorded(r))).decode()}
        for r in golden_requests()
    ]
    tokenizer = json.dumps(json.loads(subwords.to_json()), separators=(",", ":"), ensure_ascii=False)
    files = {
        "model.onnx": to_onnx(model),
        "tokenizer.json": tokenizer.encode(),
        "golden.jsonl": "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode(),
        "corpus.jsonl": packaging.corpus(about.pop("corpus", CORPUS_COUNT)),
    }
    widths = {"families": len(taxonomy.FAMILIES), "types": taxonomy.TYPE_COUNT, "detectors": 3}
    schema = {"kind": "subword-rows", "normalization": packaging.NORMALIZATION, "rowTokens": model.shape.length,
              "overlap": sequences.OVERLAP, "rowsMax": sequences.SEQUENCES_MAX}
    manifest = {
        "kind": KIND,
        "tokenizerDigest": packaging.digest(files["tokenizer.json"]),
        "featureSchemaDigest": packaging.digest(packaging.canonical(schema)),
        "inputs": [{"name": "tokens", "elementType": "int64", "shape": [-1, -1]}],
        "outputs": [
            {"name": name, "elementType": "float32", "shape": [-1, widths[name]] if name in widths else [-1]}
            for name in OUTPUTS
        ],
        "families": family_names(),
        "types": type_names(),
        "rowTokens": model.shape.length,
        **about,
    }
    return packaging.write(manifest, files)


def calibrated(corpus: TokenCorpus, found: "dict[str, np.ndarray]") -> dict:
    """Calibration and thresholds from what the model says of the sources that were held out."""
    rows = requests_of(corpus)["heldOut"]
    logit, width, label = found["logit"], found["uncertainty"], corpus.label[rows]
    weight = np.where(label == 1, 0.5 / max(1, label.sum()), 0.5 / max(1, (1 - label).sum())) * len(label)
    slope, intercept = platt(logit, label.astype(float), weight)
    harmless = logit[label == 0]
    limits = {f"fpr_{rate:g}": float(sigmoid(slope * threshold_at(harmless, rate) + intercept)) for rate in RATES}
    limits["low"], limits["high"] = ASKED_FROM, 1.0
    limits["uncertain"] = threshold_at(width[label == 0], UNCERTAIN_SHARE)
    # Behind other models it may only add what it is sure of: critical where one harmless request in a thousand is.
    critical = float(np.log(CRITICAL / (1 - CRITICAL)))
    return {
        "calibration": {"slope": slope, "intercept": intercept},
        "cascade": {
            "gateWeight": 0.0,
            "modelWeight": slope,
            "intercept": critical - slope * threshold_at(harmless, RAISED_SHARE),
        },
        "thresholds": limits,
    }


def released(folder: Path, run: Path, name: str, version: str) -> bytes:
    """The package of a finished run."""
    corpus = TokenCorpus.load(folder / "requests.npz")
    subwords = Subwords.from_json((folder / "tokenizer.json").read_text())
    saved = torch.load(run / "model.pt", map_location="cpu")
    model = RequestTransformer(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    with np.load(run / "outputs.npz") as file:
        found = {name: file[f"heldOut/{name}"] for name in ("logit", "uncertainty")}
    judged = json.loads((run / "judged.json").read_text())["heldOut"]
    metrics = {
        f"heldOut{figure.capitalize()}At{point}": judged[point][figure]
        for point in judged
        for figure in ("tpr", "fpr", "f1", "auc")
        if figure in judged[point]
    }
    rows = requests_of(corpus)["heldOut"][::ROUNDED_EVERY]
    rounded = score(with_small_table(model), Batches(corpus, VALIDATION), rows)
    lost = np.abs(rounded["logit"] - found["logit"][::ROUNDED_EVERY])
    metrics.update(roundedLogitDifferenceMean=float(lost.mean()), roundedLogitDifferenceMax=float(lost.max()))
    provenance = {
        "requests": str(len(corpus)),
        "heldOutRequests": str(int((corpus.part == HELD_OUT).sum())),
        "shape": json.dumps(saved["shape"]),
    }
    about = {"name": name, "version": version, **calibrated(corpus, found), "metrics": metrics}
    return package(model, subwords, {**about, "provenance": provenance})


def sample() -> bytes:
    """A network of random weights over a small vocabulary, with its golden requests."""
    pairs = [("attack", 1, v) for _, v in attacks.generate(400, SAMPLE_SEED)]
    pairs += [("benign", 0, v) for _, v in benign.generate(400, SAMPLE_SEED)]
    weights = learn_subwords.word_weights((source, label, normalize(v)[0]) for source, label, v in pairs)
    subwords = learn_subwords.learn(weights, SAMPLE_SHAPE.vocabulary)
    torch.manual_seed(SAMPLE_SEED)
    model = RequestTransformer(replace(SAMPLE_SHAPE, vocabulary=len(subwords)))
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() >= 2:
                p.mul_(3)  # outputs that differ, unlike those of a network at rest
    about = {"name": "transformer-sample", "version": "1.0.0", "corpus": 20, "thresholds": {"fpr_0.005": 0.5}}
    return package(model, subwords, {**about, "calibration": {"slope": 1.0, "intercept": 0.0}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--name", default="transformer-small")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--out", type=Path, default=Path("../packages"))
    parser.add_argument("--sample", type=Path, help="write the package of random weights into this folder instead")
    o = parser.parse_args()
    if o.sample:
        (o.sample / "transformer-sample.tar").write_bytes(sample())
        return
    archive = released(o.corpus, o.run, o.name, o.version)
    print(packaging.save(o.out, o.name, o.version, archive), packaging.digest(archive))


if __name__ == "__main__":
    main()
