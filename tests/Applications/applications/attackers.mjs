// Attack tools and a browser against a page that is vulnerable on purpose: what they get out of it.
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {expect} from '../harness/flows.mjs';
import {SLOWNESS} from '../harness/processes.mjs';
import {giveTo, PhpServer} from '../harness/webserver.mjs';
import {scripts} from '../attackers/scripts.mjs';
import {exploits} from '../attackers/exploits.mjs';

const MARK = 'swordfish-7c1e';
const TOOL_SECONDS = Number(process.env.APPLICATIONS_TOOL_SECONDS ?? 140);

async function install(stage) {
  const {database} = stage;
  database.run(`create database page; create user 'page'@'%' identified by 'secret'; grant all on page.* to 'page'@'%';
    use page; create table goods (id int primary key, name varchar(60)); insert into goods values (1,'spoon'),(2,'fork'),(3,'knife');
    create table accounts (name varchar(40), password varchar(60)); insert into accounts values ('root','${MARK}'),('ann','${MARK}-2');`);
  const folder = path.join(stage.folder, 'attackers'), root = path.join(folder, 'page'), data = path.join(folder, 'data');
  fs.cpSync(path.join(stage.here, 'attackers/page'), root, {recursive: true});
  fs.mkdirSync(path.join(root, 'uploads'), {recursive: true});
  fs.mkdirSync(path.join(data, 'public'), {recursive: true});
  fs.writeFileSync(path.join(data, 'public/about.txt'), 'A shop of spoons.\n');
  fs.writeFileSync(path.join(data, 'secret.txt'), `${MARK}\n`);
  giveTo(folder);
  const upstream = await PhpServer.start(stage, 'attackers', {root,
    environment: {PAGE_DATABASE_PORT: database.port, PAGE_FILES: data}, settings: {allow_url_include: '1', display_errors: '1'}});
  fs.cpSync(path.join(stage.here, 'attackers/tamper'), path.join(folder, 'tamper'), {recursive: true});
  return {upstream, folder, root, data};
}

/** Runs a tool for a while; gives all that it printed. A tool that is still busy then has found nothing until then. */
function tool(t, name, command, args, seconds = TOOL_SECONDS) {
  return new Promise(resolve => {
    const home = path.join(t.folder, 'home');
    fs.mkdirSync(home, {recursive: true});
    const child = spawn('nice', ['-n', '10', 'timeout', '-k', '5', String(seconds * SLOWNESS), command, ...args],
      {cwd: t.folder, env: {...process.env, PATH: `/usr/bin:/bin:/usr/sbin`, HOME: home, PYTHONWARNINGS: 'ignore'}, stdio: ['ignore', 'pipe', 'pipe']});
    let text = '';
    const keep = chunk => { text += chunk; };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', error => resolve(String(error)));
    child.once('exit', () => {
      fs.writeFileSync(path.join(t.folder, `${name}.log`), text);
      resolve(text);
    });
  });
}

const SQLMAP = ['--batch', '--level=2', '--risk=2', '--threads=2', '--dbms=mysql', '--flush-session', '--technique=BEUS', '--time-sec=1', '--random-agent',
  '--disable-coloring', '-D', 'page', '-T', 'accounts', '--dump'];

/** sqlmap against one target. Extracted is: the secret is in what it printed or dumped. */
const sqlmap = (name, target, more = []) => ({name: `sqlmap: ${name}`, async run(t) {
  const output = path.join(t.folder, `sqlmap-${name.replace(/\W+/g, '-')}`);
  const text = await tool(t, `sqlmap-${name.replace(/\W+/g, '-')}`, 'sqlmap',
    [...target(t.url), ...SQLMAP, `--output-dir=${output}`, ...more.map(part => part.replace('TAMPER', path.join(t.folder, 'tamper')))]);
  expect(/starting @|\[INFO\]/.test(text), `sqlmap did not run: ${text.slice(-300)}`);
  const dumped = text.includes(MARK) || found(output, MARK);
  const point = text.match(/Type: .*/g);
  console.log(`         extracted: ${dumped ? 'YES' : 'no'}${point ? `, found injectable: ${[...new Set(point)].join('; ')}` : ''}`);
  expect(!dumped, 'the table was dumped');
}});

function found(folder, text) {
  if (!fs.existsSync(folder)) return false;
  return fs.readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile() && !/session\.sqlite|target\.txt/.test(entry.name))
    .some(entry => fs.readFileSync(path.join(entry.parentPath ?? entry.path, entry.name)).includes(text));
}

const query = more => url => ['-u', `${url}/?${more}`];
const targets = {
  'number in the query': [query('do=number&id=1'), ['-p', 'id']],
  'text in the query': [query('do=text&name=spoon'), ['-p', 'name']],
  'order by': [query('do=sort&by=id'), ['-p', 'by']],
  'form field': [url => ['-u', `${url}/?do=form`, '--data=q=spoon'], ['-p', 'q']],
  'JSON': [url => ['-u', `${url}/?do=json`, '--data={"filter":{"id":"1*"}}', '--headers=Content-Type: application/json'], []],
  'cookie': [url => ['-u', `${url}/?do=cookie`, '--cookie=seen=1*'], ['--level=3']],
  'own header': [url => ['-u', `${url}/?do=header`, '--headers=X-Shop: spoon*'], ['--level=3']],
  'path': [url => ['-u', `${url}/index.php/spoon*?do=path`], []],
};

const tampers = ['space2comment,randomcase', 'between,charencode', 'versionedmorekeywords', 'space2mysqlblank,equaltolike', 'modsecurityversioned,space2comment',
  'apostrophemask,unmagicquotes', 'chardoubleencode', 'charunicodeencode', 'hex2char,concat2concatws'];

const words = 'the garden is open from nine until six and everybody is welcome to walk among the roses and have tea in the old orangery with a view of the river and the hills';

const flows = [
  ...Object.entries(targets).map(([name, [target, more]]) => sqlmap(name, target, more)),
  ...tampers.map(tamper => sqlmap(`tamper ${tamper}`, query('do=text&name=spoon'), ['-p', 'name', `--tamper=${tamper}`])),
  sqlmap('words around, by tamper', query('do=text&name=spoon'), ['-p', 'name', '--tamper=TAMPER/words.py']),
  sqlmap('words around, in a number', query('do=number&id=1'), ['-p', 'id', '--tamper=TAMPER/words.py']),
  sqlmap('words behind, by suffix', query('do=text&name=spoon'), ['-p', 'name', "--prefix='", `--suffix=-- ${words}`]),
  sqlmap('words before, by prefix', query('do=text&name=spoon'), ['-p', 'name', `--prefix=${words}'`, '--suffix=-- -']),
  sqlmap('words in an own header', url => ['-u', `${url}/?do=header`, '--headers=X-Shop: spoon*'], ['--level=3', '--tamper=TAMPER/words.py']),
  sqlmap('200 kB of other fields in front', url => ['-u', `${url}/?do=form`,
    `--data=${Array.from({length: 80}, (_, i) => `note${i}=${encodeURIComponent(words.repeat(12))}`).join('&')}&q=spoon`.slice(0, 131000)], ['-p', 'q']),
  sqlmap('100 fields behind, by tamper', url => ['-u', `${url}/?do=form`, '--data=q=spoon'], ['-p', 'q', '--tamper=TAMPER/fields.py', '--skip-urlencode']),
  {name: 'exploits by hand, plain and padded', seconds: 900, async run(t) { await exploits(t, MARK, words); }},
  {name: 'scripts in the browser', seconds: 1800, async run(t) { await scripts(t); }},
  {name: 'wapiti', seconds: 400, async run(t) {
    const report = path.join(t.folder, 'wapiti.json');
    const text = await tool(t, 'wapiti', 'wapiti', ['-u', `${t.url}/`, '-m', 'sql,exec,file,xss,permanentxss,ssrf', '--scope', 'folder', '-f', 'json', '-o', report,
      '--flush-session', '--max-scan-time', '3', '--no-bugreport', '-v', '0'], 300);
    expect(fs.existsSync(report), `wapiti wrote no report: ${text.slice(-300)}`);
    const {vulnerabilities} = JSON.parse(fs.readFileSync(report, 'utf8'));
    const list = Object.entries(vulnerabilities).flatMap(([kind, items]) => items.map(item => `${kind}: ${item.method} ${item.path} ${item.parameter} ${item.info}`));
    for (const line of list) console.log(`         ${line.slice(0, 220)}`);
    const real = list.filter(line => !/^(Content Security|Secure Flag|HttpOnly|HTTP Secure|Backup|Cross Site Request)/.test(line));
    console.log(`         found: ${real.length}`);
    expect(real.length === 0, `wapiti found ${real.length}`);
  }},
  {name: 'wfuzz lists: nothing leaks', seconds: 900, async run(t) { await fuzz(t, 'wfuzz'); }},
  {name: 'ffuf traversal: nothing leaks', seconds: 900, async run(t) { await fuzz(t, 'ffuf'); }},
  {name: 'gobuster by its name is stopped', async run(t) {
    const list = path.join(t.folder, 'names');
    fs.writeFileSync(list, 'index.php\nadmin\nuploads\n');
    const text = await tool(t, 'gobuster', 'gobuster', ['dir', '-u', `${t.url}/`, '-w', list, '-q'], 60);
    const names = text.split('\n').filter(line => /\(Status: (200|30\d)\)/.test(line));
    expect(names.length === 0, `found ${names.join(' ')}`);
  }},
  {name: 'hydra guesses no password', async run(t) {
    const list = path.join(t.folder, 'passwords');
    fs.writeFileSync(list, `one\ntwo\n${MARK}\n`);
    const {port} = new URL(t.url);
    const text = await tool(t, 'hydra', 'hydra', ['-l', 'root', '-P', list, '-s', port, 'localhost', 'http-post-form', '/?do=login:user=^USER^&password=^PASS^:S=<li>root</li>'], 60);
    expect(/hydra/i.test(text), `hydra did not run: ${text.slice(-200)}`);
    expect(!/password: swordfish/.test(text), 'hydra found the password');
  }},
  ...['-H', '-B', '-X'].map(kind => ({name: `slowhttptest ${kind}: visitors are served`, async run(t) {
    const attack = tool(t, `slowhttptest${kind}`, 'slowhttptest', ['-c', '400', kind, '-i', '5', '-r', '100', '-l', '30', '-u', `${t.url}/`, '-p', '3', '-x', '24'], 60);
    const times = [];
    for (let i = 0; i < 25; i++) {
      const started = performance.now();
      const answer = await fetch(`${t.url}/?do=number&id=${i % 3 + 1}`, {signal: AbortSignal.timeout(15_000)});
      await answer.text();
      expect(answer.status === 200, `a visitor got ${answer.status}`);
      times.push(performance.now() - started);
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
    console.log(`         25 of 25 visits answered 200, slowest ${Math.max(...times).toFixed(0)} ms`);
    await attack;
  }})),
];

// What a leak looks like in a page, whichever way it was reached.
const LEAKS = ['root:x:0:0', MARK, 'uid=33(www-data)'];

async function fuzz(t, name) {
  const lists = {wfuzz: ['/usr/share/wfuzz/wordlist/Injections', '/usr/share/wfuzz/wordlist/vulns'], ffuf: [path.join(t.stage.here, 'attackers')]}[name];
  const list = path.join(t.folder, `${name}.list`);
  const words = name === 'wfuzz' ? lists.flatMap(readAll) : traversals();
  fs.writeFileSync(list, [...new Set(words)].join('\n'));
  const leaked = [], before = await t.sidecar?.counters();
  for (const at of ['do=read&file=', 'do=ping&host=', 'do=number&id=', 'do=include&page=']) {
    const address = `${t.url}/?${at}FUZZ`;
    const expression = LEAKS.map(text => text.replace(/[()]/g, '\\$&')).join('|');
    const text = name === 'wfuzz'
      ? await tool(t, `wfuzz-${at.slice(3, 6)}`, 'wfuzz', ['-z', `file,${list}`, '--ss', expression, '-t', '6', '-H', 'User-Agent: Mozilla/5.0 (X11; Linux x86_64)', '-o', 'csv', address], 100)
      : await tool(t, `ffuf-${at.slice(3, 6)}`, 'ffuf', ['-w', list, '-u', address, '-mr', expression, '-t', '6', '-s', '-H', 'User-Agent: Mozilla/5.0 (X11; Linux x86_64)'], 100);
    const hits = name === 'wfuzz' ? text.split('\n').filter(line => /^\d+,200,/.test(line)) : text.split('\n').filter(line => line.trim() && !/^\s*(::|\[|Encounter)/.test(line));
    leaked.push(...hits.map(hit => `${at}${hit.slice(0, 120)}`));
  }
  const sent = t.sidecar ? (await t.sidecar.counters()).requests.total - before.requests.total : words.length * 4;
  console.log(`         ${words.length} words at 4 places, ${sent} sent within its time, leaks: ${leaked.length}`);
  expect(sent > words.length / 4, `${name} sent only ${sent} requests`);
  for (const hit of leaked.slice(0, 20)) console.log(`         ${hit}`);
  expect(leaked.length === 0, `${leaked.length} leaks`);
}

const readAll = folder => fs.existsSync(folder) ? fs.readdirSync(folder, {withFileTypes: true}).filter(entry => entry.isFile())
  .flatMap(entry => fs.readFileSync(path.join(folder, entry.name), 'latin1').split('\n').slice(0, 1200)).filter(line => line.trim()) : [];

/** Ways to /etc/passwd and to the secret file, in the spellings that tools try. */
function traversals() {
  const spellings = ['../', '..%2f', '%2e%2e%2f', '%2e%2e/', '..%252f', '....//', '..%5c', '..\\', '%c0%ae%c0%ae/', '..;/', '.././', '..//', '..%00/', '%252e%252e%252f'];
  // Targets that attackers ask for, wherever the server runs.
  const rootOfProcess = 'proc/self/root';
  const ends = ['etc/passwd', 'etc/passwd%00', 'etc//passwd', 'etc/./passwd', 'secret.txt', 'proc/self/environ', `${rootOfProcess}/etc/passwd`];
  const steps = [1, 2, 3, 5, 8, 12];
  return [...spellings.flatMap(spelling => steps.flatMap(n => ends.map(end => spelling.repeat(n) + end))),
    '/etc/passwd', 'file:///etc/passwd', 'php://filter/convert.base64-encode/resource=/etc/passwd', 'php://filter/resource=/etc/passwd', '/proc/self/cwd/../../data/secret.txt',
    '/%65tc/passwd', '/e%74c/p%61sswd', '/etc/pass%77d', '/etc/passwd%23.txt', 'data:text/plain,<?php system("id");', 'expect://id',
    '|id', ';id', '&id', '`id`', '$(id)', '%0aid', '%26%26id', '||id||', '&set&', ';i$@d', "';i''d", ';cat${IFS}/etc/passwd', ';cat</etc/passwd', ';/bin/cat /etc/pass*', ';{cat,/etc/passwd}',
    ';tail -n1 /etc/passwd', ';id;the garden is open from nine until six and everybody is welcome'];
}

export default {name: 'attackers', install, flows};
