"""Reads bodies from stdin (content type and body in Base64, one request a line) and writes what the standard library's
parsers make of them (JSON, one line each): email, and cgi while Python has it, json, urllib.parse and ElementTree."""
import base64
import email.parser
import email.policy
import io
import json
import sys
import urllib.parse
import warnings
import xml.etree.ElementTree

warnings.simplefilter("ignore")
try:
    import cgi
except ImportError:
    cgi = None


def text(value):
    return value if isinstance(value, str) else value.decode("latin-1")


def well_formed(value):
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def by_email(content_type, body):
    head = b"Content-Type: " + content_type + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(head + body)
    if not message.is_multipart():
        return None
    values, files = [], []
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        if name is None or part.is_multipart():
            continue
        payload = part.get_payload(decode=True) or b""
        (values if part.get_filename() is None else files).append(text(payload))
    return {"values": values, "files": files}


def by_cgi(content_type, body):
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type.decode("latin-1"), "CONTENT_LENGTH": str(len(body))}
    form = cgi.FieldStorage(io.BytesIO(body), environ=environ, encoding="latin-1", keep_blank_values=True)
    values, files = [], []
    for item in form.list or []:
        (files if item.filename else values).append(text(item.value))
    return {"values": values, "files": files}


def by_json(_, body):
    values = []

    def walk(value):
        if isinstance(value, str):
            values.append(well_formed(value))
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                values.append(well_formed(key))
                walk(item)

    walk(json.loads(body))
    return {"values": values, "files": []}


def by_urllib(_, body):
    pairs = urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {"values": [value for _, value in pairs], "files": []}


def by_element_tree(_, body):
    root = xml.etree.ElementTree.fromstring(body)
    texts = [piece for element in root.iter() for piece in (element.text, element.tail) if piece]
    return {"values": texts, "files": [value for element in root.iter() for value in element.attrib.values()]}


def parsers_of(content_type):
    media = content_type.lower()
    if media.startswith(b"multipart/"):
        return (by_email, by_cgi if cgi else by_email)
    return (by_json,) if b"json" in media else (by_element_tree,) if b"xml" in media else (by_urllib,)


for line in sys.stdin:
    content_type, body = (base64.b64decode(piece) for piece in line.rstrip("\n").split(" "))
    answers = []
    for parse in parsers_of(content_type):
        try:
            answers.append(parse(content_type, body))
        except Exception:
            answers.append(None)
    print(json.dumps(answers), flush=True)
