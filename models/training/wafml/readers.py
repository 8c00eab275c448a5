"""Where requests come from: one `read(path)` interface, readers for JSONL, HAR and access logs.

Every reader yields `Request`s and counts what it rejects in the `Rejects` it is given; nothing is dropped silently.
"""

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Optional, Protocol
from urllib.parse import urlsplit


@dataclass
class Request:
    """One labelled request. `uri` is path and query as sent; `when` is ISO 8601 when the source knows it."""

    method: str
    uri: str
    headers: dict
    body: Optional[str]
    label: int
    source: str
    attack: Optional[str] = None
    when: Optional[str] = None
    hard: int = 0


class Rejects(Counter):
    """Why records were refused, and how often."""


class Reader(Protocol):
    def read(self, path: Path, rejects: Rejects) -> Iterator[Request]: ...


def _open(path: Path):
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return open(path, encoding="utf-8", errors="replace")


class JsonlReader:
    """One JSON object a line: method, uri, headers, body, label, source, and optionally attack, hard, time."""

    REQUIRED = ("method", "uri", "headers", "label", "source")

    def read(self, path: Path, rejects: Rejects) -> Iterator[Request]:
        with _open(path) as lines:
            for line in lines:
                try:
                    d = json.loads(line)
                except ValueError:
                    rejects["not JSON"] += 1
                    continue
                if not isinstance(d, dict) or any(d.get(k) is None for k in self.REQUIRED):
                    rejects["missing field"] += 1
                    continue
                if d["label"] not in (0, 1) or not isinstance(d["headers"], dict) or not isinstance(d["uri"], str):
                    rejects["schema"] += 1
                    continue
                yield Request(d["method"], d["uri"], d["headers"], d.get("body"), d["label"], d["source"],
                              d.get("attack"), d.get("time"), d.get("hard") or 0)


@dataclass
class HarReader:
    """Browser recordings (HTTP Archive 1.2)."""

    label: int = 0
    source: Optional[str] = None

    def read(self, path: Path, rejects: Rejects) -> Iterator[Request]:
        with _open(path) as file:
            try:
                entries = json.load(file)["log"]["entries"]
            except (ValueError, KeyError, TypeError):
                rejects["not HAR"] += 1
                return
        for entry in entries:
            try:
                request = entry["request"]
                url = urlsplit(request["url"])
                uri = (url.path or "/") + ("?" + url.query if url.query else "")
                headers = {h["name"]: h["value"] for h in request.get("headers", ()) if not h["name"].startswith(":")}
                body = (request.get("postData") or {}).get("text")
                method = request["method"]
            except (KeyError, TypeError, ValueError, AttributeError):
                rejects["schema"] += 1
                continue
            yield Request(method, uri, headers, body, self.label, self.source or f"har/{path.stem}",
                          when=entry.get("startedDateTime"))


_LOG_RE = re.compile(
    r'^\S+ \S+ \S+ \[(?P<when>[^\]]+)\] "(?P<method>[A-Z]{3,10}) (?P<uri>\S+)(?: HTTP/[\d.]+)?" (?P<status>\d{3}) \S+'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?')


@dataclass
class AccessLogReader:
    """Common and combined log format. Answers 400 to 499 are dropped for benign logs: probes end there."""

    label: int = 0
    source: Optional[str] = None
    keep_client_errors: bool = False

    def read(self, path: Path, rejects: Rejects) -> Iterator[Request]:
        with _open(path) as lines:
            for line in lines:
                m = _LOG_RE.match(line)
                if m is None:
                    rejects["not a log line"] += 1
                    continue
                if m["status"].startswith("4") and self.label == 0 and not self.keep_client_errors:
                    rejects["client error"] += 1
                    continue
                pairs = (("Referer", m["referer"]), ("User-Agent", m["agent"]))
                headers = {k: v for k, v in pairs if v not in (None, "", "-")}
                yield Request(m["method"], m["uri"], headers, None, self.label,
                              self.source or f"access-log/{path.stem}", when=m["when"])


def reader_for(path: Path) -> Reader:
    """The reader a file name asks for."""
    name = path.name[:-3] if path.name.endswith(".gz") else path.name
    if name.endswith((".jsonl", ".ndjson")):
        return JsonlReader()
    if name.endswith(".har"):
        return HarReader()
    if name.endswith((".log", ".access")):
        return AccessLogReader()
    raise ValueError(f"{path}: no reader for this kind of file; use .jsonl, .har or .log (each also .gz)")
