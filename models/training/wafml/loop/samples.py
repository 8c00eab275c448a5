"""Requests that a site saw with what was said of them: one JSON object a line, as the console's store and people export them.

    {"id": "7f…", "time": "2026-11-20T09:00:00Z", "client": "203.0.113.7", "policy": "shop/shop", "method": "GET", "uri": "/s?q=1", "headers": {}, "body": null,
     "family": "sqli", "labels": [{"by": "ada", "at": "2026-11-21T10:00:00Z", "label": 0, "revoked": false}], "signs": ["honeypot"]}

`family` is what rules took it for (empty: nothing). `signs` are what machines say: `honeypot`, `scanner` and `confirmed` speak for an attack, `exclusion` and
`verified` (a scanner of the house, a crawler whose name was checked) against one.
"""

import gzip
import ipaddress
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator

from ..readers import Request
from .refusals import DATA_QUALITY, Refused

LINE_BYTES_MAX = 256 << 10
READ_BYTES_MAX = 8 << 30  # of all files, unpacked
SAMPLES_READ_MAX = 1_000_000
LABELS_MAX = 64  # people who spoke of one request
TEXT_MAX = 253
ATTACK_SIGNS = frozenset(("honeypot", "scanner", "confirmed"))
BENIGN_SIGNS = frozenset(("exclusion", "verified"))


@dataclass(frozen=True)
class Label:
    """What a person said, and when. `value` is 1 for an attack."""

    by: str
    at: int
    value: int
    revoked: bool = False


@dataclass(frozen=True)
class Sample:
    id: str
    at: int
    client: str
    policy: str
    request: Request
    family: str = ""
    labels: "tuple[Label, ...]" = ()
    signs: "frozenset[str]" = frozenset()

    @property
    def network(self) -> str:
        """The client's /24 or /48; what is no address is a network of its own."""
        try:
            address = ipaddress.ip_address(self.client)
        except ValueError:
            return self.client
        if address.version == 6 and address.ipv4_mapped:
            address = address.ipv4_mapped
        return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def read(paths: "list[Path]", rejects: Counter) -> "list[Sample]":
    """All that can be read; what cannot is counted by why. An id that comes again is the same event and counts once. Raises Refused where a file ends in its
    middle, or where there is more than one run can hold."""
    found: "dict[str, Sample]" = {}
    left = READ_BYTES_MAX
    for path in paths:
        for line in _lines(path, rejects):
            left -= len(line)
            if left < 0 or len(found) > SAMPLES_READ_MAX:
                raise Refused(DATA_QUALITY, f"the data is over {SAMPLES_READ_MAX:,} requests or {READ_BYTES_MAX >> 30} GiB unpacked: shorten the window")
            sample = _parsed(line, rejects)
            if sample is None:
                continue
            if sample.id in found:
                rejects["same event"] += 1
            else:
                found[sample.id] = sample
    return list(found.values())


def _lines(path: Path, rejects: Counter) -> "Iterator[bytes]":
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as lines:
            while line := lines.readline(LINE_BYTES_MAX + 1):
                if len(line) <= LINE_BYTES_MAX:
                    yield line
                    continue
                rejects["line too long"] += 1
                skipped = 0
                while line and not line.endswith(b"\n") and skipped < READ_BYTES_MAX:
                    line = lines.readline(LINE_BYTES_MAX)
                    skipped += len(line)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(DATA_QUALITY, f"{path.name} cannot be read to its end: {error}") from error


def _parsed(line: bytes, rejects: Counter) -> "Sample | None":
    try:
        d = json.loads(line)
    except ValueError:
        rejects["not JSON"] += 1
        return None
    try:
        at = seconds(d["time"])
        labels = _labels(d.get("labels", ()), at)
        body, headers = d.get("body"), d["headers"]
        if not isinstance(headers, dict) or not isinstance(d["uri"], str) or not isinstance(body, (str, type(None))):
            raise ValueError
        for text in (d["uri"], body or "", *map(str, headers), *map(str, headers.values())):
            text.encode()  # a half of a pair of surrogates is no text
        request = Request(_text(d["method"]), d["uri"], {str(k): str(v) for k, v in headers.items()}, body, 0, "site")
        return Sample(_text(d["id"]), at, _text(d["client"]), _text(d.get("policy") or ""), request, _text(d.get("family") or ""), labels,
                      frozenset(d.get("signs", ())) & (ATTACK_SIGNS | BENIGN_SIGNS))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        rejects["schema"] += 1
        return None


def _labels(said: list, at: int) -> "tuple[Label, ...]":
    """The last word of each person; nobody speaks of a request before it came, and names in other letters are the same person's."""
    latest: "dict[str, Label]" = {}
    for n in said:
        label = Label(_text(n["by"]).strip().casefold(), max(at, seconds(n["at"])), int(n["label"]), n.get("revoked") is True)
        if label.value not in (0, 1):
            raise ValueError
        if label.by not in latest or label.at >= latest[label.by].at:
            latest[label.by] = label
    if len(latest) > LABELS_MAX:
        raise ValueError
    return tuple(latest.values())


def _text(value) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise ValueError
    value.encode()
    return value


def seconds(text: str) -> int:
    """Unix seconds of a time in ISO 8601; without a zone it is UTC."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp())
