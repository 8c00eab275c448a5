"""Model packages: one deterministic ustar archive (crds/Protocols/Models/README.md), written and read."""

import base64
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path
from urllib.parse import quote, quote_plus

from . import attacks, benign
from .features import (BOS, BYTE_BASE, EOS, FLAG_BASE, HASH_BITS, LENGTH_BUCKETS, NGRAM_MAX, NGRAM_MIN, PAD, TOKEN_BASE, TOKEN_KINDS, VOCABULARY,
                       WINDOW_BYTES, WINDOW_STRIDE)
from .normalize import FLAG_NAMES, HEAD_BYTES, PIECE_BYTES, PIECES, ROUNDS_MAX, TAIL_BYTES, VALUE_BYTES_MAX
from .scan import FOCUS_BYTES, LENGTHS, WHOLE_BYTES

FORMAT = "waf-model/v1"
CORPUS_SEED = 7  # not a training seed: the corpus's values are never trained on with this seed's order

NORMALIZATION = {"version": 2, "valueBytesMax": VALUE_BYTES_MAX, "headBytes": HEAD_BYTES, "pieces": PIECES, "pieceBytes": PIECE_BYTES,
                 "tailBytes": TAIL_BYTES, "roundsMax": ROUNDS_MAX, "flags": list(FLAG_NAMES)}
GATE_SCHEMA = {"kind": "hashed-ngrams-scan", "normalization": NORMALIZATION, "windowLengths": list(LENGTHS), "wholeBytes": WHOLE_BYTES,
               "hash": "fnv1a-32, times 0x9e3779b1, top bits; digits fold to 0; framed by 0x02 and 0x03", "hashBits": HASH_BITS,
               "ngramMin": NGRAM_MIN, "ngramMax": NGRAM_MAX, "tokenBase": TOKEN_BASE, "tokenKinds": list(TOKEN_KINDS)}
TOKEN_SCHEMA = {"kind": "bytes", "normalization": NORMALIZATION, "focusBytes": FOCUS_BYTES, "windowBytes": WINDOW_BYTES, "windowStride": WINDOW_STRIDE, "pad": PAD,
                "begin": BOS, "end": EOS, "byteBase": BYTE_BASE, "flagBase": FLAG_BASE, "vocabulary": VOCABULARY,
                "lengthBuckets": list(LENGTH_BUCKETS)}


def canonical(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write(manifest: dict, files: "dict[str, bytes]") -> bytes:
    """The archive; `manifest` gets its list of files here."""
    listed = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in sorted(files.items())}
    manifest = {"format": FORMAT, **manifest, "files": listed}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in [("manifest.json", json.dumps(manifest, indent=1).encode()), *sorted(files.items())]:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def read(archive: bytes) -> "tuple[dict, dict[str, bytes]]":
    """Manifest and files, digests checked."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}
    manifest = json.loads(files.pop("manifest.json"))
    for name, declared in manifest["files"].items():
        if hashlib.sha256(files[name]).hexdigest() != declared["sha256"]:
            raise ValueError(f"{name}: digest differs from the manifest")
    return manifest, files


def corpus(count: int) -> bytes:
    """Regression requests with labels, out of the own grammars only, so that they may be handed on; typical attacks, which each model
    must find by itself."""
    rng = random.Random(CORPUS_SEED)
    bad = rng.sample(list(dict.fromkeys(attacks.generate(40 * count, CORPUS_SEED, typical=True))), count)
    good = rng.sample(list(dict.fromkeys(benign.generate(3 * count, CORPUS_SEED))), count)
    lines = []
    for label, rows in ((1, bad), (0, good)):
        for index, (family, value) in enumerate(rows):
            request = {"id": f"{'a' if label else 'b'}{index:04}", **_place(value.decode("utf-8", "replace"), rng), "label": label,
                       "family": family if label else "benign"}
            lines.append(json.dumps(request, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _place(value: str, rng: random.Random) -> dict:
    name = rng.choice(("q", "name", "comment", "title", "url", "file", "id"))
    where = rng.random()
    headers = {"Host": "shop.example", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"}
    if where < 0.5:
        return {"method": "GET", "uri": f"/items?{name}={quote(value, safe='')}&page={rng.randint(1, 9)}", "headers": headers, "body": None}
    if where < 0.8:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return {"method": "POST", "uri": "/items", "headers": headers, "body": f"{name}={quote_plus(value)}&lang=en"}
    headers["Content-Type"] = "application/json"
    return {"method": "POST", "uri": "/api/items", "headers": headers, "body": json.dumps({name: value, "page": rng.randint(1, 9)})}


def golden_lines(values: "list[bytes]", logits: "list[float]") -> bytes:
    """Raw values with the logit of the whole model (highest window) that every runtime must reproduce."""
    rows = ({"value": base64.b64encode(v).decode(), "logit": z} for v, z in zip(values, logits))
    return ("\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n").encode()


def golden_values(count: int, seed: int = 11) -> "list[bytes]":
    rng = random.Random(seed)
    pool = [v for _, v in attacks.generate(4 * count, seed)] + [v for _, v in benign.generate(2 * count, seed)]
    pool += [b"a" * 300, b"", b"union select " * 60, "\u56fe\u6ce2".encode() * 90, b"%2527%2520or%25201=1"]
    return rng.sample(pool, min(count, len(pool) - 5)) + pool[-5:]


def save(folder: Path, name: str, version: str, archive: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar"
    path.write_bytes(archive)
    return path
