"""Harmless values by hand, as users of well-known applications send them: what a verdict as a whole is judged by.

    python3 -m wafml.ordinary ORDINARY.jsonl

Then `tests/Benchmarks -- detection scores FOLDS SCORES.tsv ORDINARY.jsonl`. Sources say the kind. None of them is trained on; the kinds of some are, by
grammars (benign_apps.py, benign_short.py).
"""

import json
import random
import sys
from pathlib import Path

from .beside import carried

VALUES = {
    "markup": [
        "<p>Opening hours: Mon&ndash;Fri 9&ndash;17, Sat 10&ndash;14.</p><p>Questions? <a href=\"mailto:info@shop.example\">Write to us</a>.</p>",
        "<h2>Directions</h2><iframe src=\"https://www.openstreetmap.org/export/embed.html?bbox=13.3%2C52.5%2C13.4%2C52.6\" width=\"425\" height=\"350\"></iframe>",
        "<div class=\"wp-block-columns\"><div class=\"wp-block-column\"><!-- wp:paragraph --><p>Left</p><!-- /wp:paragraph --></div></div>",
        "<p style=\"text-align:right\"><img src=\"/media/logo.svg\" alt=\"Logo\" style=\"float:left;margin:4px\"> Est. 1987</p>",
        "<table style=\"width:100%\"><caption>Prices</caption><tr><td>Adults</td><td>12,50&nbsp;&euro;</td></tr></table>",
        "<article><header><h1>Release 4.2</h1></header><section><p>Faster &amp; smaller.</p></section><footer>&copy; 2026</footer></article>",
        "<script type=\"application/ld+json\">{\"@context\":\"https://schema.org\",\"@type\":\"FAQPage\",\"mainEntity\":[{\"@type\":\"Question\",\"name\":\"How?\"}]}</script>",
        "<p>See <code>&lt;div&gt;</code> and <kbd>Ctrl</kbd>+<kbd>C</kbd>.</p>", "<a href=\"https://www.example.org/a?b=1&amp;c=2#d\" onclick=\"\">More</a>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\"><path d=\"M0 0h10v10H0z\" fill=\"#09f\"/></svg>",
    ],
    "mail": [
        "<html><head><meta charset=\"utf-8\"><style>.btn{background:#36c;color:#fff}</style></head><body><table role=\"presentation\"><tr><td><a class=\"btn\" href=\"https://x.example/c?u=9\">Confirm</a></td></tr></table></body></html>",
        "<html><body text=\"#000000\"><p>Dear Ms. O'Neill,</p><p>the parcel (no. 4711) is on its way; track it <a href=\"http://t.example/?id=4711\">here</a>.</p></body></html>",
        "<div dir=\"auto\">Sounds good!<br><br>On Tue, Bob &lt;bob@x.example&gt; wrote:<blockquote class=\"gmail_quote\">Shall we order lunch?</blockquote></div>",
        "Received: from mx.example (mx.example [192.0.2.7])\r\n\tby in.example with ESMTPS; Tue, 24 Nov 2026 10:11:12 +0000\r\nSubject: Re: [#812] select a date\r\n\r\nFine with me.",
        "From: \"Support; Team\" <support@x.example>\nTo: <a@x.example>, \"B, C\" <b@x.example>\n\n> what about the script?\nIt runs at 3 am.",
    ],
    "dashboards": [
        "SELECT $__timeGroupAlias(ts, $__interval), host, avg(load1) AS \"load\" FROM metrics WHERE $__timeFilter(ts) AND host IN ($host) GROUP BY 1, host ORDER BY 1",
        "SELECT status, count(*) FROM tickets WHERE created > now() - interval '7 days' GROUP BY status", "SELECT * FROM sales WHERE region = {{region}} AND [[day >= {{from}}]]",
        "from(bucket: \"web\") |> range(start: v.timeRangeStart) |> filter(fn: (r) => r._measurement == \"cpu\")", "histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket{job=~\"$job\"}[5m])) by (le))",
        "{namespace=\"shop\", container!~\"istio.*\"} |~ \"(?i)error|warn\" | logfmt | duration > 2s", "SELECT date, revenue/NULLIF(orders,0) aov FROM daily ORDER BY date DESC LIMIT 30",
        "SHOW TAG VALUES FROM \"cpu\" WITH KEY = \"host\"", "index=web sourcetype=access_combined status>=500 | stats count by uri_path | sort -count", "StormEvents | where State == \"TEXAS\" | summarize n=count() by EventType | top 5 by n",
        "WITH m AS (SELECT user_id, min(day) d FROM visits GROUP BY 1) SELECT d, count(*) FROM m GROUP BY 1", "MATCH (a:Person)-[:KNOWS]->(b) WHERE a.name = 'Ann' RETURN b.name LIMIT 5",
    ],
    "pipelines": [
        "test:\n  image: node:22\n  script:\n    - npm ci\n    - npm test -- --coverage\n  cache:\n    paths: [node_modules/]\n", "steps:\n- bash: |\n    set -e\n    make all\n    ./run.sh > out.txt 2>&1\n  displayName: Build",
        "FROM alpine:3.20\nRUN apk add --no-cache curl jq && rm -rf /var/cache/apk/*\nENTRYPOINT [\"/entry.sh\"]\n", "version: '3'\nservices:\n  db:\n    image: postgres:16\n    healthcheck:\n      test: [\"CMD-SHELL\", \"pg_isready -U app\"]\n",
        "apiVersion: batch/v1\nkind: CronJob\nspec:\n  schedule: \"*/5 * * * *\"\n  jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: busybox, args: [/bin/sh, -c, date; echo hello]}]}}}}\n",
        "- hosts: web\n  become: yes\n  tasks:\n  - name: install nginx\n    apt: {name: nginx, state: present}\n  - command: nginx -t\n", "#!/bin/sh\nset -eu\ncd \"$(dirname \"$0\")\"\nexec python3 -m app \"$@\"\n",
        "resource \"aws_instance\" \"web\" {\n  ami = var.ami\n  user_data = <<EOF\n#!/bin/bash\nyum update -y\nEOF\n}\n", "{\"scripts\":{\"build\":\"tsc && cp -r static dist\",\"start\":\"node dist/index.js\",\"clean\":\"rm -rf dist\"}}",
    ],
    "forges": [
        "ansible/roles/base/files/etc/sudoers", "chroot/etc/passwd.tpl", "test/fixtures/etc/hosts", "src/../lib/util.go", "config/.env.production.example", "Fix path handling: ../ is now rejected, see docs/paths.md", "Revert \"drop table cache from exports\"",
        "diff --git a/init/etc/fstab b/init/etc/fstab\nindex 1..2 100644\n--- a/init/etc/fstab\n+++ b/init/etc/fstab\n@@ -1 +1 @@\n-/dev/sda1 / ext4\n+/dev/vda1 / ext4\n", "ci: run apt-get update; then install curl (closes #44)",
        "Mount /etc/resolv.conf read-only in the container", "Don't select from users in the health check", "perf: cache `SELECT count(*)` for 5 s", "dist/passwd.5.html", "Merge pull request #71 from octo/fix-alert(1)-docs", "docs: how to escape <script> in templates",
    ],
    "names": [
        "Union Jack & Sons Ltd", "Select Comfort, Inc.", "D'Arcy -- O'Hara GmbH & Co. KG", "\"Cat & Fiddle\" Inn; Bristol", "Insert Coin Arcade (and Bar)", "Drop Table Records", "Null", "Robert'); The Band", "Script & Seal", "Sleep & Order S.L.", "Where's Waldo? Shop",
        "Rock 'n' Roll; Jazz -- Blues", "Seán Ó'Briain", "Anne-Marie L'Écuyer (née Dupont)", "17 Rue de l'Union; 2e étage", "Flat 4/1 -- 22 Drop St.", "Exec Cars (UK) Ltd", "Table 7 & Garden", "Or & And GmbH", "50% off! Update Weekend", "Alert (1) GmbH", "Like 'n' Share Ltd", "System of a Down -- Toxicity",
        "x'or'y-9;Passw0rd", "Tr0ub4dor&3--", "correct;horse|battery`staple", "<3 you & me", "C:\\Users\\ann\\Documents\\report (2).docx",
    ],
    "guides": [
        "# Escaping output\n\nUse `textContent` instead of `innerHTML`:\n\n```js\nel.textContent = name;\n```\n\nSee also `htmlspecialchars($name)`.", "To find large files run `du -sh * | sort -h | tail -5`.", "What does `$(...)` do in bash? It runs a command: `echo $(date)` prints the date.",
        "My query `SELECT * FROM orders WHERE id = ?` is slow; EXPLAIN says \"Seq Scan\".", "```html\n<button type=\"submit\" onclick=\"save()\">Save</button>\n```", "| Flag | Meaning |\n|---|---|\n| `-v` | verbose; `2>&1 \\| less` |", "Step 1: `sudo apt update && sudo apt install git`\nStep 2: `git clone https://git.example/a.git`\n",
        "Why is `a || b` different from `a or b` in Ruby?", "SQL injection happens when input such as a quote ends the string. Use parameters instead.", "kubectl exec -it web-0 -- sh\nls /etc\nexit", "if (a && b || c) { return x; } // see ../README.md", "Error: ENOENT: no such file or directory, open '/app/config/../.env'",
        "java.lang.NullPointerException: null\n\tat com.shop.Cart.add(Cart.java:17)\n\tat com.shop.Api.post(Api.java:99)\n", "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    import os; os.remove(p)\nFileNotFoundError: x", "Write a shell script that deletes logs older than 7 days; use find, not rm -rf.", "Explain this regex: ^(?:\\+?1[-. ]?)?\\(?([0-9]{3})\\)?$",
        "Compare `cat file | grep x` with `grep x file`.", "We ran `kill -9 $(pgrep worker)` at 10:02 and `systemctl restart worker` at 10:03.",
    ],
    "expressions": [
        "Name eq 'O''Brien' and (Price lt 10 or Stock ne null)", "project = SHOP AND labels in (bug, \"won't fix\") AND created >= -7d ORDER BY rank", "title:\"drop down\" AND -tag:(old OR draft) AND date:[2026-01-01 TO *]", "{ user(id: 7) { name posts(first: 3) { edges { node { title } } } } }", "{\"bool\":{\"must\":[{\"match\":{\"t\":\"it's\"}}],\"must_not\":{\"exists\":{\"field\":\"x\"}}}}",
        "{% for i in items if i.on and not i.off %}{{ i.name|e }}{% endfor %}", "{{#each users}}{{name}}, {{/each}}", "{{ is_state('light.hall', 'on') and now().hour > 20 }}", "=IF(AND(A1>0,B1<>\"\"),VLOOKUP(A1,Sheet2!A:C,3,FALSE),\"n/a\")", "request.path.startsWith('/api') && jwt.claims.role in ['admin','ops']",
        "script-src 'self' 'nonce-r4nd0m' https://cdn.example; object-src 'none'; base-uri 'self'", "$.store.book[?(@.price < 10)].title", "//div[@class='item' and position()<3]/a/@href", "[&_t=1][ref*=\"x\"]:not(.y) > li::before", "${project.basedir}/target/${project.artifactId}.jar", "0 */2 * * 1-5 /usr/local/bin/backup --full >> /var/log/backup.log 2>&1",
        "(define (f x) (if (> x 0) (* x (f (- x 1))) 1))", "filter=and(eq(status,'open'),gt(age,3))", "a=1;b=2;path=/;HttpOnly", "price>100&&brand=='Acme'||sale",
    ],
}
CARRIERS = ("form", "json", "query")
NAMES = ("content", "message", "text", "value")


def requests(seed: int = 5) -> "list[dict]":
    """Each value in each carrier; long ones not in the query."""
    rng = random.Random(seed)
    return [{**carried(value, carrier, rng.choice(NAMES)), "label": 0, "attack": "", "source": f"ordinary {kind}"}
            for kind, values in VALUES.items() for value in values for carrier in CARRIERS if carrier != "query" or len(value) <= 200]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("".join(json.dumps(row) + "\n" for row in requests()), encoding="utf-8")
