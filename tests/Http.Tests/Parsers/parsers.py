"""Reads bodies from stdin (content type and body in Base64, one request a line) and writes what the standard library's
parsers make of them (JSON, one line each): email, and cgi while Python has it."""
import base64
import email.parser
import email.policy
import io
import json
import sys
import warnings

warnings.simplefilter("ignore")
try:
    import cgi
except ImportError:
    cgi = None


def text(value):
    return value if isinstance(value, str) else value.decode("latin-1")


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


for line in sys.stdin:
    content_type, body = (base64.b64decode(piece) for piece in line.rstrip("\n").split(" "))
    answers = []
    for parse in (by_email, by_cgi if cgi else by_email):
        try:
            answers.append(parse(content_type, body))
        except Exception:
            answers.append(None)
    print(json.dumps(answers), flush=True)
