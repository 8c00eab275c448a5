// MediaWiki of Debian 12 with the extensions its package brings: what authors and administrators do.
import fs from 'node:fs';
import path from 'node:path';
import {copyTree, giveTo, PhpServer} from '../harness/webserver.mjs';
import {runToEnd} from '../harness/processes.mjs';
import {expect, expectText} from '../harness/flows.mjs';
import {code, files, prose, searches} from '../harness/samples.mjs';

const ADMIN = {name: 'Anna', password: 'correct-Horse;battery9'};
const EXTENSIONS = ['Cite', 'CiteThisPage', 'ParserFunctions', 'SyntaxHighlight_GeSHi', 'WikiEditor', 'VisualEditor', 'Interwiki', 'Poem',
  'Gadgets', 'ReplaceText', 'Nuke', 'InputBox', 'ImageMap', 'CategoryTree', 'TemplateData', 'AbuseFilter'];

async function install(stage, url) {
  const {database} = stage;
  database.create('mediawiki', 'secret');
  const root = path.join(stage.folder, 'mediawiki', 'site');
  copyTreeWithout(root);
  runToEnd('php', ['maintenance/install.php', '--dbtype', 'mysql', '--dbserver', `127.0.0.1:${database.port}`, '--dbname', 'mediawiki',
    '--dbuser', 'mediawiki', '--dbpass', 'secret', '--server', url, '--scriptpath', '', '--pass', ADMIN.password, '--lang', 'en',
    "Anna's Wiki", ADMIN.name], {cwd: root});
  fs.appendFileSync(path.join(root, 'LocalSettings.php'), `
$wgEnableUploads = true; $wgFileExtensions = array_merge($wgFileExtensions, ['pdf', 'txt', 'zip', 'csv']);
$wgUseImageMagick = true; $wgImageMagickConvertCommand = '/usr/bin/convert'; $wgStrictFileExtensions = false; $wgCheckFileExtensions = true;
$wgMimeTypeExclusions = []; $wgAllowUserJs = true; $wgAllowUserCss = true; $wgJobRunRate = 0; $wgPFEnableStringFunctions = true;
$wgMainCacheType = CACHE_DB; $wgEnableJavaScriptTest = false; $wgRawHtml = false; $wgCapitalLinks = true;
$wgGroupPermissions['sysop']['importupload'] = true; $wgGroupPermissions['sysop']['replacetext'] = true; $wgGroupPermissions['sysop']['interwiki'] = true;
$wgGroupPermissions['sysop']['editsitejs'] = true; $wgGroupPermissions['sysop']['editsitecss'] = true;
$wgGroupPermissions['sysop']['abusefilter-modify'] = true; $wgDefaultUserOptions['visualeditor-enable'] = 1;
$wgPasswordPolicy['policies']['default'] = []; $wgRateLimits = []; $wgUrlProtocols[] = 'file://';
wfLoadSkin('Vector');
${EXTENSIONS.map(name => `wfLoadExtension('${name}');`).join('\n')}
`);
  runToEnd('php', ['maintenance/update.php', '--quick'], {cwd: root});
  giveTo(root);
  const upstream = await PhpServer.start(stage, 'mediawiki', {root, fallback: '/index.php?$args'});
  return {upstream, root, files: await files(stage)};
}

// The package's folder has links to itself and into /var/lib, which a copy that follows them must not take along.
function copyTreeWithout(root) {
  fs.mkdirSync(root, {recursive: true});
  const from = '/usr/share/mediawiki';
  for (const name of fs.readdirSync(from))
    if (!['LocalSettings.php', 'config', 'images', 'extensions', 'extensions-core'].includes(name)) copyTree(path.join(from, name), path.join(root, name));
  copyTree(path.join(from, 'extensions-core'), path.join(root, 'extensions'));
  fs.mkdirSync(path.join(root, 'images'));
  fs.mkdirSync(path.join(root, 'cache'));
}

const at = (title, more = {}) => `/index.php?${new URLSearchParams({title, ...more})}`;
const flat = text => text.replace(/\s+/g, ' ').trim();

/** Writes a page in the plain editor and reads it back as text. */
async function write(page, title, text, summary = "it's new; see talk & <ref>") {
  await page.goto(at(title, {action: 'edit'}));
  await page.fill('#wpTextbox1', text);
  await page.fill('#wpSummary', summary);
  await page.click('#wpSave');
  await page.waitForSelector('#ca-edit, #ca-viewsource', {state: 'attached'});
  const raw = await (await page.request.get(at(title, {action: 'raw'}))).text();
  expect(flat(raw) === flat(text), `${title} holds ${JSON.stringify(raw.slice(0, 100))}`);
}

const api = (page, parameters) => page.evaluate(async parameters => {
  await mw.loader.using('mediawiki.api');
  return new mw.Api().postWithToken('csrf', parameters).then(value => ({value}), (code, more) => ({error: `${code} ${more?.exception ?? ''}`}));
}, parameters);

const template = `{{#if:{{{born|}}}|''born'' {{{born}}}|{{#ifeq:{{{1}}}|x|[[Category:X]]|<includeonly>[[Category:People]]</includeonly>}}}}
{{#switch:{{lc:{{{kind|}}}}}|a|b=first|#default={{#expr:{{{n|1}}}*2+1}}}}<noinclude>{{Documentation}}
<templatedata>{"params": {"born": {"label": "Born", "type": "date"}, "1": {"required": true}}}</templatedata></noinclude>
{| class="infobox {{{class|}}}" style="width: 22em; background: #f9f9f9"
! colspan="2" | {{{name|{{PAGENAME}}}}}
|-
| Address || {{{address|}}} {{#tag:ref|See {{{source}}}|name="s{{{n}}}"}}
|}`;

const table = `{| class="wikitable sortable"\n! Year !! Name !! Note\n${Array.from({length: 120}, (_, i) =>
  `|-\n| ${1900 + i} || [[O'Neil ${i}|O'Neil]] <ref name="r${i % 20}">{{cite|url=https://example.com/?id=${i}&sort=asc|title="Report; part ${i}"}}</ref> || ${i * 3}% {{small|or more}}`).join('\n')}\n|}\n<references />`;

const visible = async (page, address) => { await page.goto(address); return flat(await page.textContent('#content')); };

const flows = [
  {name: 'log in', async run({page}) {
    await page.goto(at('Special:UserLogin'));
    await page.fill('#wpName1', ADMIN.name);
    await page.fill('#wpPassword1', ADMIN.password);
    await page.click('#wpLoginAttempt');
    await page.waitForSelector('#pt-logout', {state: 'attached'});
  }},
  {name: 'plain page', async run({page}) {
    await write(page, 'Soup', `== Making ==\n${prose}\n* '''bold''' ''italic''\n* [https://example.com/?a=1&b=2;c a link]\n[[Category:Food]]`);
    expectText(await visible(page, at('Soup')), 'The committee met on Tuesday', 'the page');
  }},
  ...Object.entries(code).flatMap(([language, text]) => [
    {name: `page with ${language} in syntaxhighlight`, async run({page}) {
      const lang = {nginx: 'nginx', shell: 'bash', java: 'text'}[language] ?? language;
      await write(page, `Howto ${language}`, `How to:\n<syntaxhighlight lang="${lang}">\n${text}\n</syntaxhighlight>\nDone.`);
    }},
    {name: `section with ${language} indented, preview first`, async run({page}) {
      await page.goto(at(`Howto ${language}`, {action: 'edit', section: 'new'}));
      await page.fill('#wpSummary', `Another ${language} way`);
      await page.fill('#wpTextbox1', `<pre>\n${text}\n</pre>`);
      await page.click('#wpPreview');
      await page.waitForSelector('.previewnote, #wikiPreview');
      await page.click('#wpSave');
      await page.waitForSelector('#ca-edit', {state: 'attached'});
      expectText(flat(await page.textContent('#content')), flat(text).slice(0, 25), 'the page');
    }},
  ]),
  {name: 'template with parser functions', async run({page}) {
    await write(page, 'Template:Person', template);
    await write(page, 'Ada', '{{Person|Ada|born=1815-12-10|address=London; 12 O\'Connell St.|source="Letters" & <notes>|kind=A}}\n<references />');
    expectText(await visible(page, at('Ada')), 'born 1815-12-10', 'the page');
  }},
  {name: 'table with references', async run({page}) { await write(page, 'Years', table); }},
  {name: 'page about markup', async run({page}) {
    await write(page, 'Markup', `<nowiki><script>alert("x")</script></nowiki> and <code>&lt;img src=x onerror=alert(1)&gt;</code>\n<gallery>\nFile:A.jpg|It's "a"\n</gallery>\n__NOTOC__ {{DEFAULTSORT:Markup}} <div style="float:right; border:1px solid" class="note">Note</div> <!-- hidden; select -->`);
  }},
  {name: 'gadget code: user script and site style', async run({page}) {
    await write(page, `User:${ADMIN.name}/common.js`, `${code.javascript}\nmw.hook('wikipage.content').add(function ($c) { $c.find('a[href^="javascript:"]').remove(); });`);
    await write(page, 'MediaWiki:Common.css', `@import url("//example.com/a.css");\n.infobox::after { content: "\\2014"; }\n#x { background: url(data:image/png;base64,iVBORw0KGgo=); }`);
  }},
  {name: 'diff, undo, history', async run({page}) {
    await write(page, 'Soup', "Replaced by O'Neil; or 1=1", 'replaced');
    await page.goto(at('Soup', {action: 'history'}));
    await page.click('.mw-history-undo a');
    await page.click('#wpSave');
    expectText(await visible(page, at('Soup')), 'The committee met', 'the page');
    await page.goto(at('Soup', {diff: 'prev', oldid: 'cur'}));
    await page.goto(at('Soup', {action: 'history', limit: '500', offset: ''}));
    await page.click('.historysubmit.mw-history-compareselectedversions-button, input.historysubmit');
    await page.waitForSelector('table.diff, .diff-notice, .mw-diff-empty');
  }},
  {name: 'visual editor: read, change, save', async run({page}) {
    await page.goto(at('Soup'));
    const got = await page.evaluate(async () => {
      await mw.loader.using('mediawiki.api');
      const api = new mw.Api();
      const first = await api.get({action: 'visualeditor', paction: 'parse', page: 'Soup'}).catch(e => ({error: String(e)}));
      if (!first.visualeditor) return first;
      const html = first.visualeditor.content.replace('</body>', `<p>Written in the <b>visual</b> editor; it's "easy" &amp; nice.</p><pre>select * from soup where 1=1; -- cat /etc/passwd</pre></body>`);
      return api.postWithToken('csrf', {action: 'visualeditoredit', paction: 'save', page: 'Soup', html, basetimestamp: first.visualeditor.basetimestamp,
        starttimestamp: first.visualeditor.starttimestamp, oldid: first.visualeditor.oldid, etag: first.visualeditor.etag, summary: "visual; it's"})
        .then(value => value, (code, more) => ({error: `${code} ${JSON.stringify(more).slice(0, 300)}`}));
    });
    expect(got.visualeditoredit?.result === 'success', `saving says ${JSON.stringify(got).slice(0, 300)}`);
    expectText(await visible(page, at('Soup')), 'Written in the visual editor', 'the page');
  }},
  {name: 'visual editor in the browser', async run({page}) {
    await page.goto(at('Soup', {veaction: 'edit'}));
    await page.waitForSelector('.ve-ce-documentNode', {timeout: 90_000});
    await page.click('.ve-ce-documentNode p');
    await page.keyboard.type("Typed; it's <here> ");
    await page.waitForTimeout(500);
    await page.click('.ve-ui-toolbar-saveButton a');
    await page.click('.ve-ui-mwSaveDialog .oo-ui-processDialog-actions-primary a');
    await page.waitForSelector('.ve-ce-documentNode', {state: 'detached', timeout: 60_000});
    expectText(await visible(page, at('Soup')), "Typed; it's <here>", 'the page');
  }},
  ...['photo', 'odd', 'png', 'pdf', 'text'].map(kind => ({name: `upload ${kind}`, async run(t) {
    const name = `Upload ${kind}${path.extname(t.files[kind])}`;
    await t.page.goto(at('Special:Upload'));
    await t.page.setInputFiles('#wpUploadFile', t.files[kind]);
    await t.page.fill('#wpDestFile', name);
    await t.page.fill('#wpUploadDescription', `== Summary ==\n{{Information|source=own; it's "mine"|author=[[User:Anna]]}}`);
    if (await t.page.$('#wpIgnoreWarning')) await t.page.check('#wpIgnoreWarning');
    await t.page.click('input[name=wpUpload]');
    await t.page.waitForSelector('.fullMedia a, .mw-filepage-resolutioninfo, #file');
    const link = await t.page.getAttribute('.fullMedia a, #file a', 'href');
    const got = await t.page.request.get(link);
    expect(Buffer.compare(await got.body(), fs.readFileSync(t.files[kind])) === 0, `${link} holds other bytes`);
  }})),
  {name: 'search', async run({page}) {
    for (const words of [...searches, 'Etc/passwd', 'insource:/select.*from/', 'intitle:"soup" -bread']) {
      const answer = await page.goto(at('Special:Search', {search: words, fulltext: '1'}));
      expect(answer.status() === 200, `searching ${words} gives ${answer.status()}`);
      const shown = await page.inputValue('#searchText input, input[name=search]');
      expect(shown.trim() === words.trim(), `the search box shows ${shown} for ${words}`);
      const suggestions = await page.request.get(`/api.php?action=opensearch&format=json&limit=10&search=${encodeURIComponent(words)}`);
      expect(suggestions.status() === 200, `suggestions for ${words} give ${suggestions.status()}`);
    }
  }},
  {name: 'titles', async run({page}) {
    for (const title of ['Etc/passwd', "Rock 'n' roll", 'C++ & C', 'AC/DC; live', 'Select (SQL)', '2+2=4?', 'Unix/bin/sh', '.htaccess', 'Über uns – 東京'])
      await write(page, title, `About ${title}.`);
  }},
  {name: 'export and import', async run(t) {
    const {page} = t;
    await page.goto(at('Special:Export'));
    await page.fill('textarea[name=pages]', ['Soup', 'Template:Person', 'Howto php', 'Howto sql', 'Howto shell', 'Years'].join('\n'));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#mw-content-text form button[type=submit], #mw-content-text form input[type=submit]')]);
    const file = path.join(t.stage.folder, 'files/wiki.xml');
    await download.saveAs(file);
    expectText(fs.readFileSync(file, 'utf8'), '<mediawiki', 'the export');
    await page.goto(at('Special:Import'));
    await page.setInputFiles('input[name=xmlimport]', file);
    const prefix = await page.$('input[name=interwikiPrefix], #mw-input-usernamePrefix, #mw-import-interwiki-prefix-upload, input[name=usernamePrefix]');
    await prefix.fill('other');
    const form = await page.$('form:has(input[name=xmlimport])');
    await (await form.$('button[type=submit], input[type=submit]')).click();
    await page.waitForSelector('#mw-content-text');
    expectText(flat(await page.textContent('#content')), 'Import finished', 'the import');
  }},
  {name: 'preferences', async run({page}) {
    await page.goto(at('Special:Preferences'));
    await page.waitForSelector('#mw-input-wpnickname, [name=wpnickname]', {state: 'attached'});
    await page.evaluate(() => {
      document.querySelector('[name=wpnickname]').value = `[[User:Anna|Anna]] <sup>[[User talk:Anna|"talk"]]; it's</sup>`;
      document.querySelector('[name=wpfancysig]').checked = true;
    });
    await page.evaluate(() => document.querySelector('#mw-prefs-form').submit());
    await page.waitForLoadState();
    await page.goto(at('Special:Preferences'));
    expectText(await page.inputValue('[name=wpnickname]'), '"talk"', 'the signature');
  }},
  {name: 'new user, rights, block', async run({page}) {
    await page.goto(at('Special:CreateAccount'));
    await page.fill('#wpName2', "Tom O'Neil");
    await page.fill('#wpPassword2', "x'or'y-9;Aa");
    await page.fill('#wpRetype', "x'or'y-9;Aa");
    await page.fill('#wpReason, [name=reason]', 'asked by mail; "please" & thanks');
    await page.click('#wpCreateaccount');
    await page.waitForSelector('.mw-notification, #mw-content-text');
    const rights = await api(page, {action: 'userrights', user: "Tom O'Neil", add: 'bureaucrat', reason: "he's <good>; select"});
    expect(rights.value, `rights: ${rights.error}`);
    await page.goto(at("Special:Block/Tom O'Neil"));
    const block = await api(page, {action: 'block', user: "Tom O'Neil", expiry: '1 day', reason: '[[WP:VAND|Vandal]]; "drop table"; see [[Special:Diff/1]]', reblock: 1});
    expect(block.value, `block: ${block.error}`);
    expectText(await visible(page, at('Special:Log', {type: 'block'})), 'drop table', 'the log');
  }},
  {name: 'move, protect, delete, restore', async run({page}) {
    await page.goto(at('Special:MovePage/Years'));
    await page.fill('[name=wpNewTitleMain]', "Years; O'Neil's");
    await page.fill('[name=wpReason]', 'better name: "A" or B; see /etc');
    await page.click('[name=wpMove]');
    await page.waitForSelector('#mw-content-text');
    const removed = await api(page, {action: 'delete', title: "Years; O'Neil's", reason: "copy of <b>b</b>; -- it's"});
    expect(removed.value, `delete: ${removed.error}`);
    const back = await api(page, {action: 'undelete', title: "Years; O'Neil's", reason: 'asked; or 1'});
    expect(back.value, `undelete: ${back.error}`);
    expectText(await visible(page, at("Years; O'Neil's")), '1900', 'the page');
  }},
  {name: 'API: edit, parse, expand, upload', async run(t) {
    const {page} = t;
    await page.goto(at('Soup'));
    for (const [language, text] of Object.entries(code)) {
      const edit = await api(page, {action: 'edit', title: `Api ${language}`, text: `<syntaxhighlight lang="text">\n${text}\n</syntaxhighlight>`, summary: 'bot; it\'s'});
      expect(edit.value?.edit?.result === 'Success', `edit: ${edit.error ?? JSON.stringify(edit.value)}`);
    }
    const parsed = await page.evaluate(text => new mw.Api().post({action: 'parse', text, contentmodel: 'wikitext', disablelimitreport: 1}).then(v => v, c => ({error: c})), template);
    expect(parsed.parse, `parse: ${JSON.stringify(parsed)}`);
    const expanded = await page.evaluate(() => new mw.Api().post({action: 'expandtemplates', prop: 'wikitext', text: '{{Person|Ada|born=1815}}{{#expr:7*7}}${7*7}'}).then(v => v, c => ({error: c})));
    expect(expanded.expandtemplates, `expand: ${JSON.stringify(expanded)}`);
    const uploaded = await page.evaluate(async bytes => {
      const file = new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], 'chunk.jpg', {type: 'image/jpeg'});
      await mw.loader.using('mediawiki.api');
      return new mw.Api().upload(file, {filename: "Api's (1).jpg", comment: "it's; <own>", ignorewarnings: 1}).then(v => v, (c, m) => m?.upload ? m : ({error: `${c}`}));
    }, fs.readFileSync(t.files.photo).toString('base64'));
    expect(uploaded.upload?.result === 'Success', `upload: ${JSON.stringify(uploaded).slice(0, 200)}`);
  }},
  {name: 'abuse filter with a regular expression', async run({page}) {
    await page.goto(at('Special:AbuseFilter/new'));
    await page.fill('[name=wpFilterDescription]', 'Script tags; and "select"');
    await page.evaluate(() => {
      const rules = `!("autoconfirmed" in user_groups) & (added_lines irlike "<script[^>]*>|union\\s+select|\\.\\./\\.\\./" | lcase(summary) contains "drop table")`;
      document.querySelector('[name=wpFilterRules]').value = rules;
    });
    await page.fill('[name=wpFilterNotes]', "Seen from 10.0.0.0/8; it's a bot");
    await page.evaluate(() => document.querySelector('[name=wpFilterRules]').form.submit());
    await page.waitForLoadState();
    expectText(await visible(page, at('Special:AbuseFilter')), 'Script tags; and "select"', 'the list');
  }},
  {name: 'replace text', async run({page}) {
    await page.goto(at('Special:ReplaceText'));
    await page.fill('[name=target]', 'committee');
    await page.fill('[name=replacement]', "board's <small>team</small>; or so");
    await page.evaluate(() => document.querySelector('[name=target]').form.querySelector('[type=submit]').click());
    await page.waitForLoadState();
    expectText(flat(await page.textContent('#content')), 'Soup', 'the list of pages');
  }},
];

export default {name: 'mediawiki', install, flows};
