// DokuWiki of Debian 12: pages without a database.
import fs from 'node:fs';
import path from 'node:path';
import {copyTree, giveTo, PhpServer} from '../harness/webserver.mjs';
import {expect, expectText} from '../harness/flows.mjs';
import {code, escapeHtml, files, passwords, prose, searches} from '../harness/samples.mjs';

const ADMIN = {name: 'anna', password: 'correct-Horse;battery9'};

async function install(stage) {
  const root = path.join(stage.folder, 'dokuwiki', 'site');
  copyTree('/usr/share/dokuwiki', root);
  fs.rmSync(path.join(root, 'data'), {recursive: true, force: true});
  fs.rmSync(path.join(root, 'conf'), {recursive: true, force: true});
  copyTree('/var/lib/dokuwiki/data', path.join(root, 'data'));
  copyTree('/etc/dokuwiki', path.join(root, 'conf'));
  for (const name of ['local.php', 'acl.auth.php', 'users.auth.php', 'local.php.bak']) fs.rmSync(path.join(root, 'conf', name), {force: true});
  // Debian's own preload.php names the machine's folders; those of the copy take their place.
  fs.writeFileSync(path.join(root, 'inc/preload.php'), "<?php\ndefine('DOKU_CONF', __DIR__ . '/../conf/');\n");
  const main = path.join(root, 'conf/dokuwiki.php');
  fs.writeFileSync(main, fs.readFileSync(main, 'utf8').replace("'/var/lib/dokuwiki/data'", `'${root}/data'`));
  giveTo(root);
  const upstream = await PhpServer.start(stage, 'dokuwiki', {root});
  return {upstream, root, files: await files(stage)};
}

const flat = text => text.replace(/\s+/g, ' ').trim();
const at = (id, more = {}) => `/doku.php?${new URLSearchParams({id, ...more})}`;

async function write(page, id, text, {preview = false} = {}) {
  await page.goto(at(id, {do: 'edit'}));
  await page.fill('#wiki__text', text);
  await page.fill('#edit__summary', "it's new; see <talk>");
  if (preview) {
    await page.click('#edbtn__preview');
    await page.waitForSelector('.preview');
  }
  await page.click('#edbtn__save');
  await page.waitForSelector('.page');
  const raw = await (await page.request.get(at(id, {do: 'export_raw'}))).text();
  expect(flat(raw) === flat(text), `${id} holds ${JSON.stringify(raw.slice(0, 100))}`);
}

const flows = [
  {name: 'install', async run({page, root}) {
    await page.goto('/install.php');
    await page.fill('[name="d[title]"]', "Anna's Wiki; & more");
    await page.fill('[name="d[superuser]"]', ADMIN.name);
    await page.fill('[name="d[fullname]"]', "Anna O'Neil");
    await page.fill('[name="d[email]"]', 'anna@example.com');
    await page.fill('[name="d[password]"]', ADMIN.password);
    await page.fill('[name="d[confirm]"]', ADMIN.password);
    await page.selectOption('[name="d[policy]"]', '1');
    await page.click('button[type=submit][name=submit]');
    await page.waitForFunction(() => /success/i.test(document.body.textContent));
    fs.rmSync(path.join(root, 'install.php'));
  }},
  {name: 'log in', async run({page}) {
    await page.goto(at('start', {do: 'login'}));
    await page.fill('#dw__login [name=u]', ADMIN.name);
    await page.fill('#dw__login [name=p]', ADMIN.password);
    await page.click('#dw__login [type=submit]');
    await page.waitForSelector('a[href*="do=logout"]', {state: 'attached'});
  }},
  {name: 'plain page', async run({page}) {
    await write(page, 'start', `====== Welcome ======\n${prose}\n  * **bold** //italic//\n  * [[https://example.com/?a=1&b=2;c|link]]\n{{wiki:dokuwiki-128.png?50}}`);
    await page.goto(at('start'));
    expectText(flat(await page.textContent('.page')), 'The committee met on Tuesday', 'the page');
  }},
  ...Object.entries(code).map(([language, text]) => ({name: `page with ${language}, preview first`, async run({page}) {
    const lang = {shell: 'bash', nginx: 'nginx', html: 'html4strict'}[language] ?? language;
    await write(page, `howto:${language}`, `===== ${language} =====\n<code ${lang} sample.txt>\n${text}\n</code>\n\n${text.split('\n').map(line => `  ${line}`).join('\n')}`, {preview: true});
  }})),
  {name: 'run book', async run({page}) {
    await write(page, 'ops:runbook', `===== When it is down =====\n  - ''ssh root@10.0.0.5''; look at ''/var/log/nginx/error.log''\n  - ''kill -9 $(pidof nginx) && systemctl restart nginx''\n  - in the database: ''select * from jobs where state='x' or 1=1;''\n^ Host ^ Port ^\n${
      Array.from({length: 80}, (_, i) => `| web${i} | 80${i} ; O'Neil ${i}% |`).join('\n')}\n~~NOTOC~~ %%<script>%% <nowiki>{{x}}</nowiki>`);
  }},
  ...['photo', 'odd', 'pdf', 'text', 'zip'].map(kind => ({name: `upload ${kind}`, async run(t) {
    await t.page.goto(`${at('start', {do: 'media', ns: ''})}&tab_files=upload`);
    const name = `up-${kind}${path.extname(t.files[kind])}`;
    // The media manager sends the bytes as they are, by XMLHttpRequest.
    const result = await t.page.evaluate(async ([bytes, name]) => {
      const token = document.querySelector('input[name=sectok]').value;
      const data = Uint8Array.from(atob(bytes), c => c.charCodeAt(0));
      const answer = await fetch(`lib/exe/ajax.php?${new URLSearchParams({call: 'mediaupload', sectok: token, ns: '', ow: 'true', mediaid: name, qqfile: name})}`, {
        method: 'POST', body: new Blob([data]), headers: {'X-Requested-With': 'XMLHttpRequest', 'X-File-Name': encodeURIComponent(name), 'Content-Type': 'application/octet-stream'}});
      return `${answer.status} ${await answer.text()}`;
    }, [fs.readFileSync(t.files[kind]).toString('base64'), name]);
    expect(/"success":true/.test(result), `upload says ${result.slice(0, 200)}`);
    const got = await t.page.request.get(`/lib/exe/fetch.php?media=${name}&cache=nocache`);
    expect(Buffer.compare(await got.body(), fs.readFileSync(t.files[kind])) === 0, `${name} holds other bytes`);
  }})),
  {name: 'upload by form', async run(t) {
    await t.page.goto('/lib/exe/mediamanager.php?ns=');
    await t.page.evaluate(() => { document.querySelectorAll('.qq-upload-button').forEach(b => b.remove()); });
    const token = await t.page.getAttribute('input[name=sectok]', 'value');
    const answer = await t.page.request.post('/lib/exe/mediamanager.php', {multipart: {sectok: token, ns: '', id: "Anna's-form.png", ow: '1',
      upload: {name: "Anna's form (2).png", mimeType: 'image/png', buffer: fs.readFileSync(t.files.png)}}});
    expect(answer.status() === 200, `gives ${answer.status()}`);
    const list = await (await t.page.request.get('/lib/exe/mediamanager.php?ns=')).text();
    expectText(list, 'form', 'the list');
  }},
  {name: 'search', async run({page}) {
    for (const words of searches) {
      const answer = await page.goto(at('start', {do: 'search', q: words}));
      expect(answer.status() === 200, `searching ${words} gives ${answer.status()}`);
      const suggestions = await page.request.post('/lib/exe/ajax.php', {form: {call: 'qsearch', q: words}});
      expect(suggestions.status() === 200, `suggestions for ${words} give ${suggestions.status()}`);
    }
  }},
  {name: 'configuration page, saved as shipped', async run({page}) {
    await page.goto(at('start', {do: 'admin', page: 'config'}));
    const tagline = "Notes; it's \"ours\" & <free>";
    await page.fill('#config___tagline', tagline);
    await page.locator('#dw__configform [name=submit], #dw__configform button[type=submit]').first().click();
    await page.waitForSelector('.success');
    expect(await page.inputValue('#config___tagline') === tagline, 'the tagline was not kept');
  }},
  {name: 'users', async run(t) {
    for (const [i, password] of passwords.entries()) {
      await t.page.goto(at('start', {do: 'admin', page: 'usermanager'}));
      await t.page.fill('#add_userid', `tom${i}`);
      await t.page.fill('#add_userpass', password);
      await t.page.fill('#add_userpass2', password).catch(() => {});
      await t.page.fill('#add_username', "Tom O'Neil; Jr. & Co");
      await t.page.fill('#add_usermail', `tom${i}@example.com`);
      await t.page.click('[name="fn[add]"]');
      await t.page.waitForSelector('.success');
      const other = await t.stage.browser.newContext({baseURL: t.url});
      const page = await other.newPage();
      await page.goto(at('start', {do: 'login'}));
      await page.fill('#dw__login [name=u]', `tom${i}`);
      await page.fill('#dw__login [name=p]', password);
      await page.click('#dw__login [type=submit]');
      await page.waitForSelector('a[href*="do=logout"]', {state: 'attached'});
      await other.close();
    }
  }},
  {name: 'access rights', async run({page}) {
    await page.goto(at('ops:runbook', {do: 'admin', page: 'acl'}));
    const token = await page.getAttribute('input[name=sectok]', 'value');
    const answer = await page.request.post(at('ops:runbook', {do: 'admin', page: 'acl'}), {form: {sectok: token, 'acl_t': '__u__', acl_w: 'tom0', ns: 'ops', acl: '8', 'cmd[save]': '1', id: 'ops:runbook', do: 'admin', page: 'acl'}});
    expect(answer.status() === 200, `gives ${answer.status()}`);
    await page.goto(at('start', {do: 'admin', page: 'acl', ns: 'ops'}));
    expectText(await page.textContent('#acl_manager'), 'tom0', 'the rights');
  }},
  {name: 'history, difference, export', async run({page}) {
    await write(page, 'howto:sql', 'Shorter now; or else.');
    for (const more of [{do: 'revisions'}, {do: 'diff'}, {do: 'export_xhtml'}, {do: 'export_raw'}, {do: 'backlink'}, {do: 'index'}, {do: 'recent'}]) {
      const answer = await page.request.get(at('howto:sql', more));
      expect(answer.status() === 200, `${more.do} gives ${answer.status()}`);
    }
    await page.goto(at('howto:sql', {do: 'revisions'}));
    const old = await page.getAttribute('#page__revisions a.diff_link, #page__revisions a.wikilink1', 'href');
    expect((await page.goto(old)).status() === 200, 'the old revision is refused');
  }},
  {name: 'draft and lock', async run({page}) {
    await page.goto(at('howto:php', {do: 'edit'}));
    const saved = await page.evaluate(async text => {
      const form = document.querySelector('#dw__editform');
      const body = new URLSearchParams(new FormData(form));
      body.set('wikitext', text); body.set('call', 'lock');
      const answer = await fetch('lib/exe/ajax.php', {method: 'POST', body});
      return `${answer.status} ${await answer.text()}`;
    }, `<code php>\n${code.php}\n</code>\n${code.shell}`);
    expect(saved.startsWith('200'), `the draft: ${saved.slice(0, 100)}`);
    await page.goto(at('howto:php', {do: 'edit'}));
    expectText(flat(await page.textContent('body')), 'raft', 'the page');
  }},
  {name: 'XML-RPC', async run(t) {
    await t.page.goto(at('start', {do: 'admin', page: 'config'}));
    await t.page.check('#config___remote');
    await t.page.fill('#config___remoteuser', '@ALL').catch(() => {});
    await t.page.locator('#dw__configform [name=submit], #dw__configform button[type=submit]').first().click();
    await t.page.waitForSelector('.success');
    const value = text => `<value><string>${escapeHtml(text)}</string></value>`;
    const authorization = `Basic ${Buffer.from(`${ADMIN.name}:${ADMIN.password}`).toString('base64')}`;
    const call = async (method, ...parameters) => {
      const answer = await fetch(`${t.url}/lib/exe/xmlrpc.php`, {method: 'POST', headers: {'content-type': 'text/xml', authorization},
        body: `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${parameters.map(p => `<param>${p}</param>`).join('')}</params></methodCall>`});
      const text = await answer.text();
      expect(answer.status === 200 && !text.includes('<fault>'), `${method} gives ${answer.status} ${text.slice(0, 200)}`);
      return text;
    };
    for (const [language, text] of Object.entries(code)) {
      await call('wiki.putPage', value(`rpc:${language}`), value(`<code>\n${text}\n</code>`),
        `<value><struct><member><name>sum</name>${value("by script; it's")}</member></struct></value>`);
      expectText(await call('wiki.getPage', value(`rpc:${language}`)), escapeHtml(text.split('\n')[0].slice(0, 12)).slice(0, 8), 'the page');
    }
    await call('wiki.putAttachment', value('rpc.jpg'), `<value><base64>${fs.readFileSync(t.files.photo).toString('base64')}</base64></value>`,
      '<value><struct><member><name>ow</name><value><boolean>1</boolean></value></member></struct></value>');
  }},
  {name: 'profile', async run({page}) {
    await page.goto(at('start', {do: 'profile'}));
    await page.fill('#dw__register [name=fullname]', "Anna O'Neil (\"A\"); & sons");
    await page.fill('#dw__register [name=oldpass]', ADMIN.password);
    await page.locator('#dw__register [type=submit]').first().click();
    await page.waitForSelector('.success');
    await page.goto(at('start', {do: 'profile'}));
    // DokuWiki itself takes &, ; and the like out of names.
    expectText(await page.inputValue('[name=fullname]'), 'O\'Neil ("A")', 'the profile');
  }},
];

export default {name: 'dokuwiki', install, flows};
