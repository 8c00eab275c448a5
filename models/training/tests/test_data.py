"""Readers, parts, quality gates and splits."""

import json

import numpy as np
import pytest

from wafml import dataset
from wafml.parts import parts
from wafml.readers import AccessLogReader, HarReader, JsonlReader, Rejects, Request, reader_for
from wafml.splits import group_names, leave_one_out


def values(**request):
    defaults = {"method": "GET", "uri": "/", "headers": {}, "body": None, "label": 0, "source": "x"}
    return [(p.kind, p.name, p.value) for p in parts(Request(**{**defaults, **request}))]


def test_query_values_are_decoded_once():
    assert values(uri="/a%20b?q=1%2527&x=a+b") == [("path", "", b"/a b"), ("query", "q", b"1%27"), ("query", "x", b"a b")]


def test_odd_names_are_parts():
    assert [v for v in values(uri="/?a=%22&rm;x&b[$ne]=1&c[0].d=2") if v[0] == "name"] == [
        ("name", "query", b"rm;x"), ("name", "query", b"b[$ne]")]


def test_names_that_navigate_are_parts_though_plain():
    named = [v[2] for v in values(uri="/?class.module.loader=1&user.name=2&__proto__[x]=3&a_b=4") if v[0] == "name"]
    assert named == [b"class.module.loader", b"__proto__[x]"]
    in_json = values(headers={"Content-Type": "application/json"}, body='{"a.b.c": {"$ne": "x"}, "__proto__": {"y": "z"}}')
    assert [v[2] for v in in_json if v[0] == "name"] == [b"$ne", b"__proto__"]


@pytest.mark.parametrize("name, value, odd", [
    ("X-Forwarded-For", "10.0.0.1, 2001:db8::1", False), ("X-Forwarded-For", "1) and (1=1", True), ("X-Real-IP", "1 or sleep 5 #", True),
    ("X-Forwarded-Host", "shop.example:8080", False), ("X-Original-URL", "/a/b", False), ("X-Original-URL", "/a?b=c", True),
    ("Authorization", "Basic YTpi==", False), ("Authorization", "Bearer 1)));iif(1,1,1/0)", True), ("Accept", "text/html;q=0.9, */*", False),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:1.0)", False), ("User-Agent", "1 or 1=1", True), ("Referer", "http://a/b?c=d&e=(f)#g", False),
    ("Referer", "http://a/?b=%u2215x", True), ("Cache-Control", "max-age=0", False), ("Sec-Ch-Ua", "(x);v=1", False), ("X-Plan", "gold", False),
    ("X-File", "/etc/shadow", True), ("X-Run", "a; id", True), ("X-Run", "a%3Bid", True), ("X-Trace", "00-4bf9-01, a=b", False)])
def test_each_kind_of_header_has_its_odd_bytes(name, value, odd):
    assert any(v[0] == "header" for v in values(headers={name: value})) == odd


def test_headers_are_parts_only_with_odd_bytes():
    found = values(headers={"User-Agent": "Mozilla/5.0 (X11; Linux)", "X-Api": "${jndi:ldap://x}", "Cookie": "a=b%27; c=d", "Host": "<x>"})
    assert found[1:] == [("header", "x-api", b"${jndi:ldap://x}"), ("cookie", "a", b"b'"), ("cookie", "c", b"d")]


@pytest.mark.parametrize("content_type, body, expected", [
    ("application/json", '{"a": ["x", {"b": "y"}], "n": 1}', [("json", "a", b"x"), ("json", "a.b", b"y")]),
    ("application/x-www-form-urlencoded", "a=1%2B1&b=c+d", [("form", "a", b"1+1"), ("form", "b", b"c d")]),
    ("text/xml", '<a x="1\'"><b>t</b></a>', [("xml", "attribute", b"1'"), ("xml", "text", b"t")]),
    ("multipart/form-data; boundary=B", '--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhi\r\n--B--\r\n',
     [("multipart", "filename", b"a.txt"), ("multipart", "f", b"hi")]),
    ("application/json", "{broken", [("body", "", b"{broken")]),
])
def test_bodies_are_split_by_their_content_type(content_type, body, expected):
    assert values(headers={"Content-Type": content_type}, body=body)[1:] == expected


def test_a_doctype_is_a_part():
    found = values(headers={"Content-Type": "text/xml"}, body='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///e">]><a>&x;</a>')
    assert found[1][:2] == ("xml", "doctype") and b"SYSTEM" in found[1][2]


def test_readers_count_what_they_refuse(tmp_path):
    rejects = Rejects()
    path = tmp_path / "a.jsonl"
    path.write_text('{"method":"GET","uri":"/","headers":{},"label":0,"source":"s"}\nno json\n{"uri":"/"}\n')
    assert len(list(JsonlReader().read(path, rejects))) == 1
    assert rejects == {"not JSON": 1, "missing field": 1}


def test_access_logs_and_har_files_are_read(tmp_path):
    log = tmp_path / "x.log"
    log.write_text('1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /a?b=c HTTP/1.1" 200 12 "-" "curl/8"\nrubbish\n'
                   '1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /probe HTTP/1.1" 404 12\n')
    rejects = Rejects()
    found = list(AccessLogReader().read(log, rejects))
    assert [r.uri for r in found] == ["/a?b=c"] and found[0].headers == {"User-Agent": "curl/8"}
    assert rejects == {"not a log line": 1, "client error": 1}
    har = tmp_path / "x.har"
    har.write_text(json.dumps({"log": {"entries": [{"startedDateTime": "2020-01-01T00:00:00Z", "request": {
        "method": "POST", "url": "https://h/p?q=1", "headers": [{"name": "A", "value": "b"}], "postData": {"text": "x=1"}}}]}}))
    assert [(r.uri, r.body) for r in HarReader().read(har, rejects)] == [("/p?q=1", "x=1")]
    assert isinstance(reader_for(tmp_path / "a.jsonl.gz"), JsonlReader)
    with pytest.raises(ValueError, match="no reader"):
        reader_for(tmp_path / "a.pdf")


def test_quality_gates_refuse_with_the_numbers():
    with pytest.raises(ValueError, match="3.8% of the records miss fields"):
        dataset.check(100, Rejects({"not JSON": 4}), np.array([0, 1]), np.array([1, 1]))
    with pytest.raises(ValueError, match="imbalanced 50.0:1"):
        dataset.check(51, Rejects(), np.array([1] + [0] * 50), np.ones(51))


def test_records_of_the_future_are_rejected(tmp_path):
    path = tmp_path / "a.jsonl"
    record = {"method": "GET", "uri": "/?q=it's", "headers": {}, "source": "s"}
    path.write_text("\n".join(json.dumps({**record, "label": i % 2, "time": t}) for i, t in enumerate(("2020-01-01", "2020-01-01", "2999-01-01"))))
    data = dataset.load([path], echo=lambda _: None)
    assert len(data) == 2 and data.quality["rejects"] == {"future date": 1}


def test_a_source_is_never_on_two_sides():
    source = np.array([f"web-har/org{i % 40}/x" for i in range(40000)] + [f"set {i % 9}" for i in range(9000)], dtype=object)
    label = np.array([0] * 40000 + [1] * 9000)
    groups = group_names(source, label)
    for fold in leave_one_out(groups):
        assert len(fold.attack) == 1 and fold.benign
    few = leave_one_out(groups, 3)
    assert len(few) == 3 and sorted(g for fold in few for g in fold.attack) == sorted({g for g in groups if g.startswith("attack:")})
    assert sorted(g for fold in few for g in fold.benign) == sorted({g for g in groups if g.startswith("benign:")})


def test_a_source_is_thinned_and_what_is_left_stays_what_it_was(tmp_path):
    path = tmp_path / "d.jsonl"
    rows = [{"method": "GET", "uri": f"/?q=a%27{i}", "headers": {}, "body": None, "label": i % 2, "source": "big" if i < 90 else "small", "attack": None} for i in range(100)]
    path.write_text("\n".join(json.dumps(r) for r in rows))
    whole = dataset.load([path], echo=lambda _: None)
    few, kept = dataset.thinned(whole, 30, 1)
    assert len(few) == 40 and (few.source == "small").sum() == 10 and (few.label == whole.label[kept]).all()
    of = lambda data, r: [data.values[v] for v in data.refs[data.bounds[r]:data.bounds[r + 1]]]  # noqa: E731
    assert all(of(few, i) == of(whole, r) for i, r in enumerate(kept)) and len(few.values) == 41  # the path is one


def test_payloads_beside_words_are_whole_in_every_carrier():
    from wafml import beside

    rows = beside.requests([f"garden{'abcdefghij'[i % 10]}" for i in range(2_000)])
    assert len(rows) == sum(map(len, beside.PAYLOADS.values())) * len(beside.CARRIERS) * 5
    for row in rows:
        family, _, where = row["source"].split()
        found = [p.value.decode() for p in parts(Request(**{**{k: row[k] for k in ("method", "uri", "headers", "body", "label", "source")}}))]
        payloads = [p.replace("\n", " ") for p in beside.PAYLOADS[family]]
        assert any(p in v.replace("\n", " ") for v in found for p in payloads) or "header" in row["source"], row
        assert (where == "bare") == (not any("garden" in v for v in found if v)) or "header" in row["source"]
