"""Client sessions of access logs as rows of features.

A session is played into the record of a client as the sidecar would, and features are taken after 5, 10, 25 and 50
requests and at its end. Logs have no headers but agent and referer, no times of answers, and no load of the site: the
features that need them are left out (`KNOWN`). Paths that were answered with success are routes by their template; others
count as themselves, as in `RouteTemplates`.
"""

import gzip
import json
import re
from collections import defaultdict

import numpy as np

from . import history
from .features import CATALOGUE, client_features
from .shape import is_asset, split_target

POSITIONS = (5, 10, 25, 50)
HOSTILE = {"scanner", "forced-browsing", "exploit", "bruteforce", "flood", "scraper"}
NEGATIVE = {"benign", "crawler-declared"}

MISSING = re.compile(r"^(seq_(ms_|cookie|page|rule|model|refused)|seconds_|rule_hit|refused_|kilobytes_per_second|busy_1m|site_)")
CLIENT = [name for name in CATALOGUE
          if not name.startswith(("method_", "path_", "query_", "body_", "header", "host_", "user_agent", "referer_has",
                                  "referer_own", "referer_bytes", "accept", "cookie_", "authorization", "sec_", "client_hints",
                                  "x_headers", "origin", "content_", "connection", "conditional", "range_has", "upgrade", "no_cache",
                                  "forwarding", "http_version", "uri_bytes"))]
KNOWN = [name for name in CLIENT if not MISSING.match(name)]

NUMBER = re.compile(rb"^(?=.*\d)[\d-]+$")
HEXES = re.compile(rb"^(?=.*\d)[0-9a-fA-F-]{8,}$")


def template_of(path):
    parts = []
    for segment in path.lstrip(b"/").split(b"/", 7):
        if NUMBER.match(segment):
            parts.append(b"{number}")
        elif HEXES.match(segment):
            parts.append(b"{hex}")
        else:
            parts.append(b"{token}" if len(segment) > 40 else segment)
    return b"/".join(parts)


def observations(requests, ms_of=None):
    """Requests `[t, method, uri, status, bytes, referer, ms]` as observations with their times in milliseconds."""
    routes = {}
    for t, method, uri, status, size, referer, ms in requests:
        path, query, _ = split_target(uri.encode("utf-8", "replace"))
        key = template_of(path) if status and status < 400 else path
        route = routes.setdefault(key, min(len(routes) + 1, 8191))
        marks = (history.REFERER if referer else 0) | (history.ASSET if is_asset(path) else 0) | (history.QUERY if query else 0)
        if referer and referer.startswith("/") and not referer.startswith("//"):
            marks |= history.OWN_REFERER
        if ms is None:
            ms = ms_of(size or 0) if ms_of else 0
        yield history.Observation(history.verb_of(method), route, status or 0, size or 0, ms, len(path), 0, 0.0, marks), int(t * 1000)


def rows_of(requests, names, positions=POSITIONS, ms_of=None, site=(0.0, 0.0)):
    """Features after so many requests, and at the end where that is none of the positions."""
    client, rows = history.Client(), []
    last = min(len(requests), max(positions))
    for i, (o, now) in enumerate(observations(requests[:last], ms_of), 1):
        client.add(o, now)
        if i in positions or i == last:
            f = client_features(client, site)
            rows.append((i, [float(f[name]) for name in names]))
    return rows


def read(path, per_source_and_label=1500, seed=1):
    """Sessions with a label, at most so many of a source and label."""
    rng = np.random.default_rng(seed)
    groups = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            s = json.loads(line)
            if s["label"] in HOSTILE | NEGATIVE and s["source"] != "Anittap/access_log_geolocation":
                groups[s["source"], s["label"]].append(s)
    for key in sorted(groups):
        sessions = groups[key]
        for i in sorted(rng.permutation(len(sessions))[:per_source_and_label]):
            yield sessions[i]


def dataset(path, names, per_source_and_label=1500):
    """Rows, hostile or not, source, label, session and position of each."""
    x, hostile, source, label, session, position = [], [], [], [], [], []
    for s in read(path, per_source_and_label):
        for n, row in rows_of(s["requests"], names):
            x.append(row)
            hostile.append(s["label"] in HOSTILE)
            source.append(s["source"])
            label.append(s["label"])
            session.append(s["id"].split(".")[0])
            position.append(n)
    return (np.array(x, dtype=np.float32), np.array(hostile), np.array(source), np.array(label), np.array(session),
            np.array(position))
