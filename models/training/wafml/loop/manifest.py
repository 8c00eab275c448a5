"""What a run trains with, content-addressed: the bytes that `DatasetManifest` of the operator writes, read and pinned."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from .refusals import DATA_CHANGED, DATA_MISSING, GOLDEN_CHANGED, GOLDEN_MISSING, MANIFEST_INVALID, Refused

FORMAT = "waf-dataset/v1"
DAY = 86_400
WINDOW_DAYS_MAX = 180
SAMPLES_MAX = 1_000_000
FILES_MAX = 64
FILE_BYTES_MAX = 1 << 30
_DIGEST_RE = re.compile(r"sha256:[0-9a-f]{64}\Z")
_NAME_RE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,252}\Z")


@dataclass(frozen=True)
class File:
    """A file below the folder of its kind; without a digest it is whatever is there, until it is pinned."""

    name: str
    digest: str = ""


@dataclass(frozen=True)
class Caps:
    """Most that one origin may contribute, in thousandths."""

    client: int
    network: int
    labeller: int


@dataclass(frozen=True)
class Manifest:
    family: str
    start: int  # Unix seconds of the window's first moment, and of the one behind its last
    end: int
    quarantine_days: int
    caps: Caps
    samples_max: int
    policies: "tuple[str, ...]"
    seed: int
    data: "tuple[File, ...]"
    golden: "tuple[File, ...]"
    baseline: str
    first: str

    def canonical(self) -> str:
        """The one spelling of it."""
        files = lambda some: [{"name": f.name, "digest": f.digest} for f in sorted(some, key=lambda f: f.name)]
        return json.dumps({
            "format": FORMAT, "family": self.family, "from": self.start, "to": self.end, "quarantineDays": self.quarantine_days,
            "caps": {"clientPermille": self.caps.client, "networkPermille": self.caps.network, "labellerPermille": self.caps.labeller},
            "samplesMax": self.samples_max, "policies": sorted(self.policies), "seed": self.seed, "data": files(self.data), "golden": files(self.golden),
            "baseline": self.baseline, "first": self.first}, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.canonical().encode("ascii")).hexdigest()

    @staticmethod
    def parse(text: str) -> "Manifest":
        """Reads and checks one. Raises Refused, with what is wrong."""
        try:
            d = json.loads(text)
            if d.get("format") != FORMAT:
                raise ValueError(f"format is not {FORMAT}")
            files = lambda some: tuple(File(str(f["name"]), str(f["digest"])) for f in some)
            caps = Caps(*(_number(d["caps"], k, 1, 1000) for k in ("clientPermille", "networkPermille", "labellerPermille")))
            found = Manifest(str(d["family"]), _number(d, "from", 0, 1 << 40), _number(d, "to", 0, 1 << 40), _number(d, "quarantineDays", 0, WINDOW_DAYS_MAX),
                             caps, _number(d, "samplesMax", 1, SAMPLES_MAX), tuple(map(str, d["policies"])), _number(d, "seed", 0, (1 << 31) - 1),
                             files(d["data"]), files(d["golden"]), str(d["baseline"]), str(d["first"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(MANIFEST_INVALID, f"the manifest cannot be read: {error}") from error
        found._check()
        return found

    def _check(self) -> None:
        if not self.start < self.end <= self.start + WINDOW_DAYS_MAX * DAY:
            raise Refused(MANIFEST_INVALID, f"the window has to be of 1 second to {WINDOW_DAYS_MAX} days")
        if len(self.data) + len(self.golden) > FILES_MAX:
            raise Refused(MANIFEST_INVALID, f"more than {FILES_MAX} files")
        for file in self.data + self.golden:
            if not _NAME_RE.match(file.name) or ".." in file.name or (file.digest and not _DIGEST_RE.match(file.digest)):
                raise Refused(MANIFEST_INVALID, f"{file.name!r} is no name of a file with a digest or none")
        if not self.golden or any(not f.digest for f in self.golden):
            raise Refused(MANIFEST_INVALID, "the sets that judge have to be there, each by its digest")
        for digest in (self.baseline, self.first):
            if not _DIGEST_RE.match(digest):
                raise Refused(MANIFEST_INVALID, "baseline and first are digests of packages")

    def pinned(self, data: Path, golden: Path) -> "Manifest":
        """The same with the digest of every file as it is there. Raises Refused where one is missing or is not what it has to be."""
        pin = lambda files, folder, missing, changed: tuple(File(f.name, _digest_of(folder, f, missing, changed)) for f in files)
        return replace(self, data=pin(self.data, data, DATA_MISSING, DATA_CHANGED), golden=pin(self.golden, golden, GOLDEN_MISSING, GOLDEN_CHANGED))


def _number(d: dict, name: str, low: int, high: int) -> int:
    value = d[name]
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} is not a whole number from {low} to {high}")
    return value


def _digest_of(folder: Path, file: File, missing: str, changed: str) -> str:
    path = folder / file.name
    if not path.is_file():
        raise Refused(missing, f"{file.name} is not there")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Refused(missing, f"{file.name} is over {FILE_BYTES_MAX >> 20} MiB")
    with open(path, "rb") as opened:
        found = "sha256:" + hashlib.file_digest(opened, "sha256").hexdigest()
    if file.digest and file.digest != found:
        raise Refused(changed, f"{file.name} is {found}, not {file.digest}")
    return found
