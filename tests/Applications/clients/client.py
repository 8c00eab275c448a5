"""requests, httpx, aiohttp and urllib in their own shapes: prints `NAME STATUS EXPECTED ANSWER` for each request."""

import asyncio
import io
import json
import os
import sys
import urllib.parse
import urllib.request

import aiohttp
import httpx
import requests

URL, FOLDER = sys.argv[1], sys.argv[2]
FILES = ["photo.jpg", "Anna's garden (1).jpg", "page.pdf", "notes.txt", "data.csv", "archive.zip", "sample.py"]
JSON = {"name": "O'Neil & sons", "note": "either a or b; 1 < 2 -- done", "list": [1, 2.5, None, True, {"x": "ünï — 東京"}], "path": "a/b/c.txt",
        "html": "<p class=\"x\">text</p>", "empty": "", "big": "lorem ipsum dolor " * 200}
FORM = {"user": "anna", "comment": "it's \"fine\"; 50% off & more = better + cheaper\r\nsecond line", "tags[]": ["a", "b"], "empty": ""}


def path(name):
    return os.path.join(FOLDER, name)


def show(name, status, text, expected=""):
    print(f"{name}\t{status}\t{expected}\t{text if status == 200 else text[:200]}".replace("\n", " "))


def with_requests():
    session = requests.Session()
    for name in FILES:
        with open(path(name), "rb") as file:
            answer = session.post(f"{URL}/echo", files={"file": file}, data={"title": "it's mine"})
            show(f"requests upload {name}", answer.status_code, answer.text, name)
        with open(path(name), "rb") as file:
            answer = session.put(f"{URL}/files/{urllib.parse.quote(name)}", data=file)
            show(f"requests PUT {name}", answer.status_code, answer.text, name)
    many = [("files", (name, open(path(name), "rb").read())) for name in FILES]
    answer = session.post(f"{URL}/echo", files=many)
    show("requests several", answer.status_code, answer.text, FILES[-1])
    answer = session.post(f"{URL}/echo", json=JSON, params={"q": "a & b", "list": ["x y", "z;w"]})
    show("requests JSON", answer.status_code, answer.text)
    answer = session.post(f"{URL}/echo", data=FORM)
    show("requests form", answer.status_code, answer.text)
    answer = session.post(f"{URL}/echo", data=(chunk for chunk in [b'{"a":', b'"chunked"}']), headers={"Content-Type": "application/json"})
    show("requests chunked", answer.status_code, answer.text)
    answer = session.patch(f"{URL}/echo", data=json.dumps([{"op": "replace", "path": "/a~1b/0", "value": "x"}]), headers={"Content-Type": "application/json-patch+json"})
    show("requests JSON patch", answer.status_code, answer.text)
    answer = session.delete(f"{URL}/echo/17", auth=("anna", "p'w;d"))
    show("requests DELETE", answer.status_code, answer.text)
    for method in ("HEAD", "OPTIONS"):
        show(f"requests {method}", session.request(method, f"{URL}/echo").status_code, "")


def with_httpx():
    with httpx.Client() as client:
        for name in FILES:
            answer = client.post(f"{URL}/echo", files={"file": (name, open(path(name), "rb").read())}, data={"a": "1"})
            show(f"httpx upload {name}", answer.status_code, answer.text, name)
        answer = client.post(f"{URL}/echo", json=JSON)
        show("httpx JSON", answer.status_code, answer.text)
        answer = client.post(f"{URL}/echo", data=FORM)
        show("httpx form", answer.status_code, answer.text)
        answer = client.post(f"{URL}/echo", content=b"".join(json.dumps(JSON).encode() + b"\n" for _ in range(20)), headers={"Content-Type": "application/x-ndjson"})
        show("httpx NDJSON", answer.status_code, answer.text)


async def with_aiohttp():
    async with aiohttp.ClientSession() as session:
        for name in FILES:
            form = aiohttp.FormData()
            form.add_field("file", open(path(name), "rb"), filename=name)
            form.add_field("note", "ünï; it's")
            form.add_field("meta", json.dumps(JSON), content_type="application/json")
            async with session.post(f"{URL}/echo", data=form) as answer:
                show(f"aiohttp upload {name}", answer.status, await answer.text(), name)
        async with session.post(f"{URL}/echo", json=JSON, compress="gzip") as answer:
            show("aiohttp JSON gzip", answer.status, await answer.text())
        async with session.post(f"{URL}/echo", data=io.BytesIO(open(path("photo.jpg"), "rb").read())) as answer:
            show("aiohttp raw", answer.status, await answer.text(), "photo.jpg")


def with_urllib():
    for name, body, kind in (("form", urllib.parse.urlencode(FORM, doseq=True).encode(), None), ("JSON", json.dumps(JSON).encode(), "application/json")):
        request = urllib.request.Request(f"{URL}/echo", data=body, headers={"Content-Type": kind} if kind else {})
        try:
            with urllib.request.urlopen(request) as answer:
                show(f"urllib {name}", answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            show(f"urllib {name}", error.code, error.read().decode())


with_requests()
with_httpx()
asyncio.run(with_aiohttp())
with_urllib()
