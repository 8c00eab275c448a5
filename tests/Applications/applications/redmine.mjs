// Redmine of Debian 12 over SQLite: projects, issues, wiki, files and the REST API.
import fs from 'node:fs';
import path from 'node:path';
import {giveTo} from '../harness/webserver.mjs';
import {answers, freePort, runToEnd} from '../harness/processes.mjs';
import {expect, expectText} from '../harness/flows.mjs';
import {code, files, passwords, prose, searches} from '../harness/samples.mjs';

const ADMIN = {name: 'admin', password: "correct-Horse;battery9'or"};

async function install(stage) {
  const folder = path.join(stage.folder, 'redmine'), root = path.join(folder, 'site');
  fs.mkdirSync(folder, {recursive: true});
  runToEnd('cp', ['-r', '/usr/share/redmine', root]);
  for (const name of ['Gemfile.lock', 'instances', 'config/database.yml']) fs.rmSync(path.join(root, name), {force: true, recursive: true});
  const own = path.join(root, 'instances/default');
  for (const name of ['config', 'files', 'log', 'public', 'tmp/cache']) fs.mkdirSync(path.join(own, name), {recursive: true});
  const database = `production:\n  adapter: sqlite3\n  database: ${folder}/redmine.sqlite\n  timeout: 20000\n`;
  fs.writeFileSync(path.join(root, 'config/database.yml'), database);
  fs.writeFileSync(path.join(own, 'config/database.yml'), database);
  fs.writeFileSync(path.join(own, 'config/secret_key.txt'), '0123456789'.repeat(8));
  const gems = path.join(root, 'Gemfile');
  fs.writeFileSync(gems, fs.readFileSync(gems, 'utf8').replaceAll('/usr/share/redmine/', `${root}/`).replace(/gem 'mocha'.*/, '') + "\ngem 'puma'\n");
  giveTo(folder);
  const settings = {cwd: root, uid: Number(runToEnd('id', ['-u', 'www-data'])), gid: Number(runToEnd('id', ['-g', 'www-data'])),
    env: {PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: folder, RAILS_ENV: 'production', REDMINE_LANG: 'en', RAILS_SERVE_STATIC_FILES: '1'}};
  runToEnd('bundle', ['install', '--local'], settings);
  runToEnd('bundle', ['exec', 'rake', 'db:migrate', 'redmine:load_default_data'], settings);
  const port = await freePort();
  const child = stage.processes.start('redmine-puma', 'bundle', ['exec', 'puma', '-e', 'production', '-t', '4:4', '-b', `tcp://127.0.0.1:${port}`], settings);
  await answers(`http://127.0.0.1:${port}/`, child, {seconds: 120});
  return {upstream: `http://127.0.0.1:${port}`, root, files: await files(stage)};
}

const flat = text => text.replace(/\s+/g, ' ').trim();

async function newIssue(page, subject, description, file) {
  await page.goto('/projects/shop/issues/new');
  await page.fill('#issue_subject', subject);
  await page.fill('#issue_description', description);
  if (file) {
    await page.setInputFiles('input.file_selector', file);
    await page.waitForSelector('.attachments_fields .ajax-waiting, .attachments_fields .ajax-loading', {state: 'detached'});
    await page.waitForTimeout(1500);
  }
  await page.click('#issue-form input[name=commit]');
  await page.waitForSelector('.issue.details, div.issue');
  expectText(flat(await page.textContent('div.issue')), flat(subject).slice(0, 30), 'the issue');
  return page.url().match(/issues\/(\d+)/)[1];
}

const flows = [
  {name: 'log in', async run({page}) {
    await page.goto('/login');
    await page.fill('#username', ADMIN.name);
    await page.fill('#password', 'admin');
    await page.click('#login-submit');
    await page.fill('#password', 'admin');
    await page.fill('#new_password', ADMIN.password);
    await page.fill('#new_password_confirmation', ADMIN.password);
    await page.click('input[name=commit]');
    await page.waitForSelector('a.logout');
  }},
  {name: 'settings', async run({page}) {
    await page.goto('/settings');
    await page.fill('#settings_app_title', "Anna's tracker; & \"more\"");
    await page.fill('#settings_welcome_text', `h1. Welcome\n\n${prose}\n\n<pre><code class="sql">\n${code.sql}\n</code></pre>`);
    await page.click('#tab-content-general input[name=commit]');
    await page.waitForSelector('#flash_notice');
    await page.goto('/settings?tab=api');
    await page.check('#settings_rest_api_enabled');
    await page.click('#tab-content-api input[name=commit]');
    await page.waitForSelector('#flash_notice');
    expectText(await page.textContent('body'), "Anna's tracker", 'the title');
  }},
  {name: 'create a project', async run({page}) {
    await page.goto('/projects/new');
    await page.fill('#project_name', "Shop; it's \"new\" & <open>");
    await page.fill('#project_identifier', 'shop');
    await page.fill('#project_description', `${prose}\n* select * from plans\n* @rm -rf /tmp/x@`);
    await page.fill('#project_homepage', 'https://example.com/~shop/?a=1&b=../x');
    await page.click('#project-form input[name=commit], form#new_project input[name=commit], input[name=commit]');
    await page.waitForSelector('#flash_notice');
    expectText(await page.textContent('#header'), '<open>', 'the header');
  }},
  ...Object.entries(code).map(([language, text]) => ({name: `issue with ${language}`, async run({page}) {
    const id = await newIssue(page, `${language} fails; can't "start" <it>`, `Steps:\n\n<pre><code class="${language}">\n${text}\n</code></pre>\n\nThen: ${text.split('\n')[0]}`);
    expectText(flat(await page.textContent('div.issue .wiki')), flat(text).slice(0, 25), 'the description');
    await page.goto(`/issues/${id}/edit`);
    await page.fill('#issue_notes', `Same here with\n\n<pre>\n${text}\n</pre>\n@it's@ "ok":https://example.com/?q=a;b or 1=1`);
    await page.click('#issue-form input[name=commit]');
    await page.waitForSelector('#flash_notice');
    expectText(flat(await page.textContent('#history')), flat(text).slice(0, 25), 'the note');
  }})),
  ...['photo', 'odd', 'pdf', 'text', 'zip', 'csv', 'sql', 'shell', 'python', 'gzip'].map(kind => ({name: `attach ${kind}`, async run(t) {
    await newIssue(t.page, `With a file: ${kind}`, 'See the file.', t.files[kind]);
    const link = await t.page.getAttribute('.attachments a.icon-attachment', 'href');
    const got = await t.page.request.get(link.replace('/attachments/', '/attachments/download/').replace('/download/download/', '/download/'));
    expect(got.status() === 200 && Buffer.compare(await got.body(), fs.readFileSync(t.files[kind])) === 0, `${link} gives ${got.status()} or other bytes`);
  }})),
  {name: 'preview and quote', async run({page}) {
    await page.goto('/projects/shop/issues/new');
    const preview = await page.evaluate(async text => {
      const token = document.querySelector('meta[name=csrf-token]').content;
      const answer = await fetch('/issues/preview?project_id=shop', {method: 'POST', body: new URLSearchParams({text}), headers: {'X-CSRF-Token': token, 'X-Requested-With': 'XMLHttpRequest'}});
      return `${answer.status} ${await answer.text()}`;
    }, `<pre>\n${code.shell}\n</pre>\n${code.html}`);
    expectText(preview, '200', 'the preview');
    expectText(preview, 'pidof', 'the preview');
    const quote = await page.evaluate(async () => {
      const token = document.querySelector('meta[name=csrf-token]').content;
      return (await fetch('/issues/1/quoted', {method: 'POST', headers: {'X-CSRF-Token': token, 'X-Requested-With': 'XMLHttpRequest'}})).status;
    });
    expect(quote === 200, `quoting gives ${quote}`);
  }},
  {name: 'wiki', async run({page}) {
    for (const [language, text] of [['Wiki', prose], ...Object.entries(code)]) {
      const title = language === 'Wiki' ? 'Wiki' : `Howto_${language}`;
      await page.goto(`/projects/shop/wiki/${title}/edit`);
      await page.fill('#content_text', `h1. ${title}\n\n{{toc}}\n\n<pre><code class="${language}">\n${text}\n</code></pre>\n\n|_. a |_. b |\n| O'Neil; | or 1=1 |`);
      await page.fill('#content_comments', "it's new; & <x>");
      await page.click('#wiki_form input[name=commit]');
      await page.waitForSelector('.wiki-page');
      expectText(flat(await page.textContent('.wiki-page')), flat(text).slice(0, 20), title);
    }
  }},
  {name: 'search', async run({page}) {
    for (const words of searches) {
      const answer = await page.goto(`/search?${new URLSearchParams({utf8: '✓', q: words, scope: 'all', all_words: '1', issues: '1', wiki_pages: '1', titles_only: ''})}`);
      expect(answer.status() === 200, `searching ${words} gives ${answer.status()}`);
      expect(await page.inputValue('#search-input, #search-form #q, form#search-form input[name=q]') === words, `the box does not show ${words}`);
    }
  }},
  {name: 'filters and saved queries', async run({page}) {
    const query = new URLSearchParams([['set_filter', '1'], ['f[]', 'subject'], ['op[subject]', '~'], ['v[subject][]', "can't \"start\" <it>"], ['f[]', 'status_id'],
      ['op[status_id]', '*'], ['f[]', 'updated_on'], ['op[updated_on]', '>t-'], ['v[updated_on][]', '30'], ['c[]', 'id'], ['c[]', 'subject'], ['group_by', ''], ['sort', 'id:desc,updated_on']]);
    await page.goto(`/projects/shop/issues?${query}`);
    expectText(await page.textContent('table.issues'), 'fails', 'the list');
    const export_ = await page.request.get(`/projects/shop/issues.csv?${query}&encoding=UTF-8`);
    expectText(await export_.text(), "can't", 'the export');
    await page.goto('/projects/shop/queries/new');
    await page.fill('#query_name', "Mine; it's <open> or \"new\"");
    await page.click('#query-form input[type=submit], form input[name=commit]');
    await page.waitForSelector('#flash_notice');
    expectText(await page.textContent('#sidebar, body'), "it's <open>", 'the list of queries');
  }},
  {name: 'users', async run(t) {
    for (const [i, password] of passwords.entries()) {
      await t.page.goto('/users/new');
      await t.page.fill('#user_login', `tom${i}`);
      await t.page.fill('#user_firstname', 'Tom; Jr.');
      await t.page.fill('#user_lastname', "O'Neil & Co");
      await t.page.fill('#user_mail', `tom${i}@example.com`);
      await t.page.fill('#user_password', password);
      await t.page.fill('#user_password_confirmation', password);
      await t.page.click('form#new_user input[name=commit]');
      await t.page.waitForSelector('#flash_notice');
      const other = await t.stage.browser.newContext({baseURL: t.url});
      const page = await other.newPage();
      await page.goto('/login');
      await page.fill('#username', `tom${i}`);
      await page.fill('#password', password);
      await page.click('#login-submit');
      await page.waitForSelector('a.logout');
      await other.close();
    }
  }},
  {name: 'custom fields', async run({page}) {
    await page.goto('/custom_fields/new?type=IssueCustomField&custom_field%5Bfield_format%5D=string');
    await page.fill('#custom_field_name', 'Address; "IP"');
    await page.fill('#custom_field_regexp', '^(::1|127\\.|10\\.|(?!0)\\d{1,3}(\\.\\d{1,3}){3}|<script>)$');
    await page.fill('#custom_field_description', "it's where <b>from</b>; select one");
    await page.click('#custom_field_form input[name=commit], form input[name=commit]');
    await page.waitForSelector('#flash_notice');
    expectText(await page.textContent('body'), 'Address; "IP"', 'the list');
  }},
  {name: 'import of issues', async run(t) {
    const file = path.join(t.stage.folder, 'files/issues.csv');
    fs.writeFileSync(file, `subject,description\n${Array.from({length: 40}, (_, i) => `"Imported ${i}; it's","he said ""or 1=1"" -- see /etc/hosts; <b>x</b>"`).join('\n')}\n`);
    await t.page.goto('/issues/imports/new?project_id=shop');
    await t.page.setInputFiles('input[name=file]', file);
    await t.page.click('input[type=submit][name=commit], #content input[type=submit]');
    await t.page.waitForSelector('#import_settings_separator, select[name="import_settings[separator]"]');
    await t.page.selectOption('[name="import_settings[separator]"]', ',');
    await t.page.click('#content input[type=submit]');
    await t.page.waitForSelector('[name="import_settings[mapping][subject]"]');
    await t.page.selectOption('[name="import_settings[mapping][subject]"]', {label: 'subject'});
    await t.page.selectOption('[name="import_settings[mapping][description]"]', {label: 'description'});
    await t.page.click('#content input[name=commit], #content input[type=submit]:not([name=previous])');
    await t.page.waitForTimeout(4000);
    await t.page.goto('/projects/shop/issues?set_filter=1&sort=id:desc');
    expectText(await t.page.textContent('table.issues'), "Imported 39; it's", 'the list');
  }},
  {name: 'REST API, JSON and XML', async run(t) {
    await t.page.goto('/my/api_key');
    const key = (await t.page.textContent('#content pre')).trim();
    const call = async (method, at, type, body) => {
      const answer = await fetch(`${t.url}${at}`, {method, body, headers: {'X-Redmine-API-Key': key, 'Content-Type': type}});
      const text = await answer.text();
      expect(answer.status < 300, `${method} ${at} gives ${answer.status} ${text.slice(0, 200)}`);
      return text;
    };
    for (const [language, text] of Object.entries(code)) {
      const made = JSON.parse(await call('POST', '/issues.json', 'application/json', JSON.stringify({issue: {project_id: 'shop', subject: `Api ${language}; it's`, description: text}})));
      await call('PUT', `/issues/${made.issue.id}.json`, 'application/json', JSON.stringify({issue: {notes: `changed: ${text}`}}));
      const read = JSON.parse(await call('GET', `/issues/${made.issue.id}.json?include=journals,attachments`, 'application/json'));
      expect(read.issue.description.trim() === text.trim(), 'the description differs');
    }
    const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    await call('POST', '/issues.xml', 'application/xml', `<?xml version="1.0"?><issue><project_id>shop</project_id><subject>By XML; it's</subject><description>${escape(code.html + code.sql)}</description></issue>`);
    for (const kind of ['photo', 'zip', 'text', 'gzip']) {
      const {upload} = JSON.parse(await call('POST', `/uploads.json?filename=${encodeURIComponent(path.basename(t.files[kind]))}`, 'application/octet-stream', fs.readFileSync(t.files[kind])));
      await call('POST', '/issues.json', 'application/json', JSON.stringify({issue: {project_id: 'shop', subject: `File ${kind}`,
        uploads: [{token: upload.token, filename: path.basename(t.files[kind]), description: "it's <mine>"}]}}));
    }
    expectText(await call('GET', '/issues.json?subject=~By%20XML;%20it%27s&limit=5', 'application/json'), "By XML; it's", 'the list');
  }},
  {name: 'news, documents, forum, time', async run({page}) {
    await page.goto('/projects/shop/news/new');
    await page.fill('#news_title', "It's out; 1.2 <beta>");
    await page.fill('#news_summary', 'select what you like or drop by');
    await page.fill('#news_description', `${prose}\n<pre>\n${code.shell}\n</pre>`);
    await page.click('#news-form input[name=commit], form input[name=commit]');
    await page.waitForSelector('#flash_notice');
    await page.goto('/projects/shop/time_entries/new');
    await page.fill('#time_entry_hours', '1:30');
    await page.fill('#time_entry_comments', "O'Neil's call; \"or else\" -- 1=1");
    await page.selectOption('#time_entry_activity_id', {index: 1}).catch(() => {});
    await page.click('form input[name=commit]');
    await page.waitForSelector('#flash_notice');
  }},
  {name: 'bulk edit, copy, delete', async run({page}) {
    await page.goto('/issues/bulk_edit?ids[]=1&ids[]=2');
    await page.fill('#issue_notes, #notes', `both; it's done: ${code.yaml}`);
    await page.click('form input[name=commit]');
    await page.waitForSelector('#flash_notice');
    await page.goto('/projects/shop/issues/3/copy');
    await page.click('#issue-form input[name=commit]');
    await page.waitForSelector('#flash_notice');
  }},
];

export default {name: 'redmine', install, flows};
