// What people write and upload: texts with code in them, files of several kinds. All made here.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import {runToEnd} from './processes.mjs';

export const code = {
  php: `<?php
$rows = $db->query("SELECT id, name FROM customers WHERE city = 'Oslo' ORDER BY name");
foreach ($rows as $row) {
    printf("<li>%s</li>\\n", htmlspecialchars($row['name']));
}
file_put_contents('/tmp/report.txt', shell_exec('uname -a'));`,
  sql: `SELECT c.name, SUM(o.total) AS turnover
FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
WHERE o.created_at >= '2026-01-01' OR o.total IS NULL
GROUP BY c.name HAVING SUM(o.total) > 100
UNION ALL SELECT 'others', 0; -- the rest
DROP TABLE IF EXISTS staging;`,
  shell: `#!/bin/bash
set -e
kill -9 $(pidof nginx) || true
cat /etc/nginx/nginx.conf | grep -v '^#' > /tmp/conf; rm -rf /var/cache/nginx/*
curl -s http://localhost:8080/health && echo "done" | mail -s report ops@example.com`,
  html: `<form action="/subscribe" method="post">
  <input type="email" name="address" onchange="check(this)">
  <a href="javascript:history.back()">back</a>
</form>
<script>document.querySelector('form').addEventListener('submit', e => alert('thanks'));</script>`,
  python: `import os, subprocess

def sizes(folder):
    """Size of each file below a folder."""
    for name in os.listdir(folder):
        yield name, os.path.getsize(os.path.join(folder, name))

subprocess.run(["tar", "czf", "/tmp/backup.tgz", "/etc/passwd"], check=True)
exec(open("settings.py").read())`,
  javascript: `const items = await fetch('/api/items?sort=name&limit=10').then(r => r.json());
document.getElementById('list').innerHTML = items.map(i => \`<li>\${i.name}</li>\`).join('');
window.addEventListener('load', () => { eval(localStorage.getItem('plugin') || ''); });`,
  java: `Exception in thread "main" java.lang.NullPointerException: Cannot invoke "String.length()"
\tat com.example.shop.Cart.total(Cart.java:118)
\tat java.base/java.lang.reflect.Method.invoke(Method.java:568)
Caused by: java.sql.SQLException: Access denied for user 'shop'@'localhost'`,
  yaml: `services:
  web:
    image: "nginx:1.25"
    command: ["sh", "-c", "exec nginx -g 'daemon off;'"]
    environment: {PATH_INFO: "\${PATH}", TOKEN: "{{ token }}"}`,
  nginx: `location ~ \\.php$ {
    fastcgi_split_path_info ^(.+\\.php)(/.+)$;
    if ($request_uri ~* "union.*select") { return 403; }
    proxy_pass http://127.0.0.1:9000/$1?$args;
}`,
  powershell: `Get-ChildItem -Path C:\\Windows\\System32 -Filter *.log | ForEach-Object { $_.Length }
Invoke-WebRequest -Uri "https://example.com/setup.exe" -OutFile $env:TEMP\\setup.exe; & $env:TEMP\\setup.exe`,
};

export const prose = `The committee met on Tuesday; it took two hours. "We'd rather wait," said Anna & Tom's chair, "than
select a union of offers from where nobody knows." Costs rose by 3--4 % (see table 2), or 1/3 of last year's; drop by and
ask for details. Größe, façade, naïve, 東京, привет.`;

/** Words that people type into a search box. */
export const searches = ["o'reilly & sons", 'select a theme from the list', 'C++ <vector>', '"exact phrase" -without',
  '1=1', 'how to drop table in sql', '/etc/hosts file', 'a || b && c', '50% off; today', 'grep -r foo | sort',
  'file:///home/me', '../images/logo.png', '<b>bold</b>', 'alert(1)', 'union jack', "it's ok -- really"];

/** Passwords that managers make. */
export const passwords = ["x'or'y-9;Aa", 'P@$$w0rd|<id>#1', 'a";--b&c=d%27Zz9', '${7*7}{{q}}Aa1!'];

/** Files to upload: kind to path, made in the run's folder by the first application. */
export async function files(stage) {
  const folder = path.join(stage.folder, 'files');
  fs.mkdirSync(folder, {recursive: true});
  const at = name => path.join(folder, name);
  if (fs.existsSync(at('photo.jpg'))) return all(at);
  runToEnd('convert', ['-size', '900x600', 'plasma:tomato-steelblue', '-quality', '88', at('photo.jpg')]);
  runToEnd('convert', ['-size', '240x160', 'plasma:white-green', at('small.png')]);
  fs.copyFileSync(at('photo.jpg'), at("Anna's garden (1).jpg"));
  const page = await stage.browser.newPage();
  await page.setContent(`<h1>Minutes</h1><p>${escapeHtml(prose)}</p><pre>${escapeHtml(code.shell)}</pre>`);
  await page.pdf({path: at('page.pdf')});
  await page.close();
  fs.writeFileSync(at('notes.txt'), `${prose}\n\n${code.shell}\n\n${code.sql}\n`);
  fs.writeFileSync(at('data.csv'), 'id,name,comment\n1,Anna,"likes <b>bold</b>"\n2,O\'Neil,"=SUM(A1:A3); see /etc/motd"\n');
  for (const [extension, text] of Object.entries({php: code.php, sql: code.sql, sh: code.shell, py: code.python}))
    fs.writeFileSync(at(`sample.${extension}`), `${text}\n`);
  fs.writeFileSync(at('notes.txt.gz'), zlib.gzipSync(fs.readFileSync(at('notes.txt'))));
  fs.rmSync(at('archive.zip'), {force: true});
  runToEnd('zip', ['-q', '-j', at('archive.zip'), at('notes.txt'), at('sample.php'), at('small.png')]);
  return all(at);
}

const all = at => ({photo: at('photo.jpg'), png: at('small.png'), odd: at("Anna's garden (1).jpg"), pdf: at('page.pdf'),
  text: at('notes.txt'), csv: at('data.csv'), php: at('sample.php'), sql: at('sample.sql'), shell: at('sample.sh'),
  python: at('sample.py'), gzip: at('notes.txt.gz'), zip: at('archive.zip')});

export const escapeHtml = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
