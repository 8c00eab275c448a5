"""The manifest: one spelling for both sides, and every way in which one is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from wafml.loop.manifest import Caps, File, Manifest
from wafml.loop.refusals import DATA_CHANGED, DATA_MISSING, GOLDEN_CHANGED, GOLDEN_MISSING, MANIFEST_INVALID, Refused

GOLDEN = (Path(__file__).parent / "manifest.golden").read_text().splitlines()


def parsed(**changes) -> Manifest:
    return Manifest.parse(json.dumps({**json.loads(GOLDEN[0]), **changes}))


def test_what_the_operator_writes_is_read_and_written_the_same():
    found = Manifest.parse(GOLDEN[0])
    assert found.canonical() == GOLDEN[0] and found.digest() == GOLDEN[1]
    assert found.caps == Caps(10, 10, 10) and found.data[1] == File("week.jsonl") and found.end - found.start == 180 * 86_400


@pytest.mark.parametrize("changes", [
    {"format": "waf-dataset/v2"}, {"family": None, "caps": 3}, {"from": 1.5}, {"from": -1}, {"to": 1}, {"to": 1_900_000_000}, {"seed": "1"}, {"seed": True},
    {"caps": {"clientPermille": 0, "networkPermille": 1, "labellerPermille": 1}}, {"samplesMax": 10**9}, {"golden": []}, {"golden": [{"name": "a", "digest": ""}]},
    {"golden": [{"name": "../a", "digest": "sha256:" + "0" * 64}]}, {"data": [{"name": "/etc/passwd", "digest": ""}]}, {"data": [{"name": "a/../b", "digest": ""}]},
    {"data": [{"name": "a", "digest": "md5:1"}]}, {"data": [{"name": f"f{i}", "digest": ""} for i in range(80)]}, {"baseline": ""}, {"first": "sha256:1"}])
def test_what_is_none_is_refused(changes):
    with pytest.raises(Refused) as refused:
        parsed(**changes)
    assert refused.value.reason == MANIFEST_INVALID


@pytest.mark.parametrize("text", ["", "[]", "7", "{}"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(Refused):
        Manifest.parse(text)


def test_pinning_names_what_was_read_and_refuses_what_is_not_the_same(tmp_path):
    data, golden = tmp_path / "data", tmp_path / "golden"
    for folder, name, text in ((data, "week.jsonl", b"a"), (golden, "site.jsonl", b"b")):
        folder.mkdir()
        (folder / name).write_bytes(text)
    of = lambda text: "sha256:" + hashlib.sha256(text).hexdigest()
    manifest = replace(parsed(), data=(File("week.jsonl"),), golden=(File("site.jsonl", of(b"b")),))
    pinned = manifest.pinned(data, golden)
    assert pinned.data == (File("week.jsonl", of(b"a")),) and pinned.digest() != manifest.digest() and pinned.pinned(data, golden) == pinned
    (data / "week.jsonl").write_bytes(b"c")
    assert _reason(pinned, data, golden) == DATA_CHANGED
    (data / "week.jsonl").unlink()
    assert _reason(pinned, data, golden) == DATA_MISSING
    (golden / "site.jsonl").write_bytes(b"c")
    assert _reason(replace(manifest, data=()), data, golden) == GOLDEN_CHANGED
    (golden / "site.jsonl").unlink()
    assert _reason(replace(manifest, data=()), data, golden) == GOLDEN_MISSING


def _reason(manifest: Manifest, data: Path, golden: Path) -> str:
    with pytest.raises(Refused) as refused:
        manifest.pinned(data, golden)
    return refused.value.reason
