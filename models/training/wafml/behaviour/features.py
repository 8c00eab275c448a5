"""The features of a request and its client, by name: the mirror of sidecar/Behaviour/Features.

`catalogue.tsv` beside this file is written by the C# tests; `CATALOGUE` is read from it, and a test holds that every
name in it can be computed here.
"""

import math
from collections import Counter
from pathlib import Path

import numpy as np

from . import history
from .history import AT
from .shape import entropy

CATALOGUE = [line.split("\t")[0] for line in Path(__file__).with_name("catalogue.tsv").read_text().splitlines()
             if line and not line.startswith("#")]

LATE = 10
WINDOWS = (("1m", 0, 60.0), ("5m", 1, 300.0), ("1h", 2, 3600.0))


def over(number, other):
    return 0.0 if other <= 0 else number / other


def static_features(s):
    f = {f"method_{name}": float(s.verb == i)
         for i, name in enumerate(["get", "head", "post", "put", "patch", "delete", "options", "other"])}
    f.update(
        http_version=s.version, path_bytes=s.path_bytes, path_depth=s.depth, path_longest_segment=s.longest_segment,
        path_digit_share=s.path.share(s.path.digits), path_letter_share=s.path.share(s.path.letters),
        path_upper_share=s.path.share(s.path.uppers), path_high_share=s.path.share(s.path.highs),
        path_special_share=s.path.special_share, path_escapes=s.path.escapes, path_entropy=s.path.entropy,
        path_extension_bytes=s.extension_bytes, path_is_asset=s.is_asset, path_is_program=s.is_program,
        path_has_dot_file=s.has_dot_file, path_semicolons=s.semicolons, path_backslashes=s.backslashes,
        path_double_slashes=s.double_slashes, query_has=s.has_query, query_bytes=s.query_bytes,
        query_parameters=s.parameters, query_longest_value=s.longest_value,
        query_digit_share=s.query.share(s.query.digits), query_special_share=s.query.special_share,
        query_high_share=s.query.share(s.query.highs), query_escapes=s.query.escapes, query_entropy=s.query.entropy,
        uri_bytes=s.path_bytes + s.query_bytes, body_bytes=s.body_bytes, body_digit_share=s.body.share(s.body.digits),
        body_special_share=s.body.special_share, body_high_share=s.body.share(s.body.highs), body_escapes=s.body.escapes,
        body_entropy=s.body.entropy,
        headers_count=s.header_count, headers_bytes=s.header_bytes, header_longest=s.header_longest,
        header_capital_share=over(s.capitals, s.header_count), host_bytes=len(s.host), host_is_address=s.is_host_address,
        user_agent_bytes=s.agent_bytes, user_agent_missing=s.agent_bytes == 0, user_agent_is_browser=s.is_browser,
        user_agent_is_bot=s.is_bot, user_agent_is_library=s.is_library, user_agent_entropy=s.agent.entropy,
        user_agent_digit_share=s.agent.share(s.agent.digits), referer_has=s.referer_bytes > 0, referer_own=s.own_referer,
        referer_bytes=s.referer_bytes, accept_missing=not s.has_accept, accept_html=s.accepts_html,
        accept_anything=s.accepts_anything, accept_language_missing=not s.has_language,
        accept_encoding_missing=not s.has_encoding, cookie_count=s.cookies, cookie_bytes=s.cookie_bytes,
        authorization_has=s.has_authorization, sec_fetch_count=s.fetch, client_hints_count=s.hints,
        x_headers_count=s.extensions, origin_has=s.has_origin, content_type_has=s.has_content_type,
        connection_close=s.closes, conditional_has=s.conditional, range_has=s.has_range,
        upgrade_insecure_has=s.upgrade_insecure, no_cache=s.no_cache, forwarding_count=s.forwarding)
    names = ["input_length", "single_quotes", "double_quotes", "sql_words", "script_tags", "javascript_urls", "semicolons",
             "sql_comments", "parentheses", "equals", "angle_brackets", "event_handlers", "percents", "hex_numbers",
             "dot_segments"]
    f.update({f"content_{name}": value for name, value in zip(names, s.content)})
    return f


def window_features(client):
    f = {}
    for label, row, seconds in WINDOWS:
        w = client.windows[row].astype(float)
        requests = w[AT["requests"]]
        share = lambda name: over(w[AT[name]], requests)
        f.update({
            f"requests_{label}": requests, f"rate_{label}": requests / seconds,
            f"client_error_share_{label}": share("client_errors"), f"not_found_share_{label}": share("not_found"),
            f"denied_share_{label}": share("denied"), f"server_error_share_{label}": share("server_errors"),
            f"redirect_share_{label}": share("redirects"), f"write_share_{label}": share("writes"),
            f"asset_share_{label}": share("assets"), f"referer_share_{label}": share("referers"),
            f"query_share_{label}": share("queries"), f"new_route_share_{label}": share("new_routes"),
            f"kilobytes_{label}": w[AT["kilobytes"]], f"kilobytes_mean_{label}": share("kilobytes"),
            f"seconds_{label}": w[AT["seconds"]], f"seconds_mean_{label}": share("seconds"),
            f"rule_hits_{label}": w[AT["rule_hits"]], f"rule_hit_share_{label}": share("rule_hits"),
            f"refused_share_{label}": share("refused"), f"fast_share_{label}": share("fast")})
    return f


class Spread:
    def __init__(self, keys):
        counts = Counter(keys)
        self.count, self.distinct = len(keys), len(counts)
        self.top_share = over(max(counts.values(), default=0), len(keys))
        self.entropy = entropy(counts.values(), len(keys))
        self.distinct_share = over(self.distinct, self.count)


class Moments:
    def __init__(self, values):
        n = len(values)
        self.sum = sum(values)
        self.mean = self.sum / n if n else 0.0
        self.deviation = math.sqrt(max(0.0, sum(v * v for v in values) / n - self.mean ** 2)) if n else 0.0
        self.variation = self.deviation / self.mean if self.mean > 0 else 0.0
        self.least, self.most = min(values, default=0.0), max(values, default=0.0)


def longest_run(values):
    best = run = 0
    for i, value in enumerate(values):
        run = run + 1 if i and values[i - 1] == value else 1
        best = max(best, run)
    return best


def ring_features(client):
    ring = client.ring
    n = len(ring)
    count = lambda holds: sum(1 for e in ring if holds(e))
    share = lambda holds: count(holds) / n if n else 0.0
    mark = lambda bit: share(lambda e: e.marks & bit)
    steps = max(0, n - 1)
    step_share = lambda number: number / steps if steps else 0.0
    routes, statuses = Spread([e.route for e in ring]), Spread([e.status for e in ring])
    sizes, gap_steps = Spread([e.bytes_step for e in ring]), Spread([e.gap_step for e in ring[1:]])
    gap_list = [float(np.float32(e.gap) / np.float32(1000)) for e in ring[1:]]
    gaps, sizes_m = Moments(gap_list), Moments([e.bytes for e in ring])
    ms, paths = Moments([e.ms for e in ring]), Moments([e.path_bytes for e in ring])
    rules, models = Moments([e.rule_score for e in ring]), Moments([e.model_score / 8 for e in ring])
    half = n // 2
    trend = sum(e.ms for e in ring[half:]) / (n - half) - sum(e.ms for e in ring[:half]) / half if half else 0.0
    errors = [e.status >= 400 for e in ring]
    run = error_run = 0
    for e in errors:
        run = run + 1 if e else 0
        error_run = max(error_run, run)
    known_errors = share(lambda e: 400 <= e.status < 500) + share(lambda e: 500 <= e.status < 600)
    assets = count(lambda e: e.marks & history.ASSET)
    under = [sum(1 for g in gap_list if low <= g < high) for low, high in ((0, 1), (1, 10), (10, 60), (60, math.inf))]
    return dict(
        seq_requests=n, seq_routes=routes.distinct, seq_route_share=routes.distinct_share,
        seq_top_route_share=routes.top_share, seq_route_entropy=routes.entropy, seq_statuses=statuses.distinct,
        seq_status_entropy=statuses.entropy, seq_success_share=share(lambda e: 200 <= e.status < 300),
        seq_redirect_share=share(lambda e: 300 <= e.status < 400 and e.status != 304),
        seq_not_modified_share=share(lambda e: e.status == 304), seq_client_error_share=share(lambda e: 400 <= e.status < 500),
        seq_not_found_share=share(lambda e: e.status in (404, 410)),
        seq_denied_share=share(lambda e: e.status in (401, 403, 407, 429, 444)),
        seq_server_error_share=share(lambda e: 500 <= e.status < 600), seq_last_status_class=ring[-1].status // 100 if n else 0,
        seq_late_error_rise=sum(errors[-LATE:]) / min(max(n, 1), LATE) - known_errors,
        seq_gap_mean=gaps.mean, seq_gap_deviation=gaps.deviation, seq_gap_variation=gaps.variation, seq_gap_least=gaps.least,
        seq_gap_most=gaps.most, seq_gap_median=sorted(gap_list)[steps // 2] if steps else 0.0,
        seq_gap_last=gap_list[-1] if steps else 0.0,
        seq_gap_under_1s_share=step_share(under[0]), seq_gap_under_10s_share=step_share(under[1]),
        seq_gap_under_60s_share=step_share(under[2]), seq_gap_over_60s_share=step_share(under[3]),
        seq_gap_regularity=gap_steps.top_share, seq_gap_entropy=gap_steps.entropy, seq_bytes_mean=sizes_m.mean,
        seq_bytes_deviation=sizes_m.deviation, seq_bytes_most=sizes_m.most, seq_size_share=sizes.distinct_share,
        seq_top_size_share=sizes.top_share, seq_ms_mean=ms.mean, seq_ms_deviation=ms.deviation, seq_ms_most=ms.most,
        seq_ms_trend=trend, seq_ms_last_ratio=over(ring[-1].ms if n else 0, ms.mean), seq_path_bytes_mean=paths.mean,
        seq_path_bytes_deviation=paths.deviation,
        seq_method_change_share=step_share(sum(1 for a, b in zip(ring, ring[1:]) if a.verb != b.verb)),
        seq_write_share=share(lambda e: 2 <= e.verb <= 5), seq_head_share=share(lambda e: e.verb == 1),
        seq_options_share=share(lambda e: e.verb == 6), seq_asset_share=mark(history.ASSET), seq_page_share=mark(history.PAGE),
        seq_assets_per_other=assets / max(1, n - assets), seq_referer_share=mark(history.REFERER),
        seq_own_referer_share=mark(history.OWN_REFERER), seq_query_share=mark(history.QUERY),
        seq_cookie_share=mark(history.COOKIE), seq_new_route_share=mark(history.NEW_ROUTE),
        seq_new_route_error_share=share(lambda e: e.marks & history.NEW_ROUTE and e.status >= 400),
        seq_refused_share=mark(history.REFUSED), seq_rule_hit_share=share(lambda e: e.rule_score > 0),
        seq_rule_score_mean=rules.mean, seq_rule_score_most=rules.most, seq_model_score_mean=models.mean,
        seq_model_score_most=models.most,
        seq_repeat_share=step_share(sum(1 for a, b in zip(ring, ring[1:]) if a.route == b.route)),
        seq_route_run_share=over(longest_run([e.route for e in ring]), n),
        seq_status_run_share=over(longest_run([e.status for e in ring]), n), seq_error_run=error_run,
        _routes=routes.distinct, _top=routes.top_share, _route_share=routes.distinct_share, _gap_sum=gaps.sum)


def derived_features(client, site, f):
    w = client.windows.astype(float)
    minute, five, hour = w
    share = lambda row, name: over(row[AT[name]], row[AT["requests"]])
    age = max(0.0, client.last_at / 1000.0 - client.first_second)
    site_share = min(1.0, over(minute[0], site[0]))
    return dict(
        client_age=age, client_requests=client.count, client_log_age=math.log2(age + 1),
        client_log_requests=math.log2(client.count + 1.0), client_rate=client.count / (age + 1),
        burst_1m_5m=over(minute[0] * 5.0, five[0]), burst_5m_1h=over(five[0] * 12.0, hour[0]),
        log_requests_1m=math.log2(minute[0] + 1), log_requests_1h=math.log2(hour[0] + 1),
        log_kilobytes_1h=math.log2(hour[AT["kilobytes"]] + 1),
        error_rise=share(minute, "client_errors") - share(hour, "client_errors"),
        probing_5m=share(five, "not_found") * share(five, "new_routes"),
        guessing_5m=share(five, "writes") * share(five, "denied"),
        bare_pages_5m=(1 - share(five, "assets")) * (1 - share(five, "referers")),
        collecting=f["_route_share"] * (1 - f["seq_asset_share"]), hammering_1m=minute[0] * f["_top"],
        distinct_per_minute=f["_routes"] / ((f["_gap_sum"] + 1) / 60),
        kilobytes_per_second=over(minute[AT["kilobytes"]], minute[AT["seconds"]]), busy_1m=minute[AT["seconds"]] / 60.0,
        site_requests_1m=site[0], site_clients_1m=site[1], site_share_1m=site_share, site_even_share=site_share * site[1])


def client_features(client, site=(0.0, 0.0)):
    """Features of a client, without those of its last request's text."""
    f = window_features(client)
    f.update(ring_features(client))
    f.update(derived_features(client, site, f))
    return {name: value for name, value in f.items() if not name.startswith("_")}


def all_features(shape, client, site=(0.0, 0.0)):
    """Every feature in the catalogue's order, as 32-bit floats."""
    f = static_features(shape)
    f.update(client_features(client, site))
    if set(f) != set(CATALOGUE):
        raise ValueError(f"not in both catalogues: {sorted(set(f) ^ set(CATALOGUE))}")
    return np.array([float(f[name]) for name in CATALOGUE], dtype=np.float32)
