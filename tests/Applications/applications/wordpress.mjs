// WordPress of Debian 12: what its editors and administrators do.
import fs from 'node:fs';
import path from 'node:path';
import {copyTree, giveTo, PhpServer} from '../harness/webserver.mjs';
import {expect, expectText} from '../harness/flows.mjs';
import {code, escapeHtml, files, passwords, prose, searches} from '../harness/samples.mjs';

const ADMIN = {name: 'anna', password: 'correct-Horse;battery9'};

async function install(stage, url) {
  const {database} = stage;
  database.create('wordpress', 'secret');
  const root = path.join(stage.folder, 'wordpress', 'site');
  copyTree('/usr/share/wordpress', root);
  for (const folder of ['uploads', 'plugins', 'languages', 'upgrade']) fs.mkdirSync(path.join(root, 'wp-content', folder), {recursive: true});
  const plugin = path.join(root, 'wp-content/plugins/greeting');
  fs.mkdirSync(plugin);
  fs.writeFileSync(path.join(plugin, 'greeting.php'), PLUGIN);
  fs.rmSync(path.join(root, 'wp-config.php'));
  fs.writeFileSync(path.join(root, 'wp-config.php'), `<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'wordpress'); define('DB_PASSWORD', 'secret');
define('DB_HOST', '127.0.0.1:${database.port}'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $key)
    define($key, md5($key));
define('WP_HTTP_BLOCK_EXTERNAL', true); define('WP_ACCESSIBLE_HOSTS', 'localhost'); define('FS_METHOD', 'direct');
define('WP_ENVIRONMENT_TYPE', 'local');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`);
  giveTo(root);
  const upstream = await PhpServer.start(stage, 'wordpress', {root, fallback: '/index.php?$args'});
  return {upstream, root, files: await files(stage)};
}

const PLUGIN = `<?php
/*
Plugin Name: Greeting
Version: 1.0
*/
add_action('wp_footer', function () { echo '<p class="greeting">Good day</p>'; });
`;

async function login(page, {name, password}) {
  await page.goto('/wp-login.php');
  await page.fill('#user_login', name);
  await page.fill('#user_pass', password);
  await page.click('#wp-submit');
  await page.waitForSelector('#wpadminbar', {timeout: 40_000});
}

/** Opens the block editor, or goes on in it, without its welcome. */
async function openEditor(page, address = '/wp-admin/post-new.php') {
  await page.goto(address);
  await page.waitForFunction(() => window.wp?.data?.select('core/editor')?.getCurrentPostId());
  await page.evaluate(() => {
    if (wp.data.select('core/edit-post').isFeatureActive('welcomeGuide')) wp.data.dispatch('core/edit-post').toggleFeature('welcomeGuide');
  });
}

/** Writes a post in the block editor and publishes it; gives its address. */
async function publish(page, title, content, more = {}) {
  await openEditor(page);
  const result = await page.evaluate(async ([title, content, more]) => {
    const editor = wp.data.dispatch('core/editor');
    await editor.editPost({title, content, status: 'publish', ...more});
    wp.data.dispatch('core/block-editor').resetBlocks(wp.blocks.parse(content));
    await editor.savePost();
    const select = wp.data.select('core/editor');
    return {saved: select.didPostSaveRequestSucceed(), link: select.getPermalink(), id: select.getCurrentPostId(),
      notices: wp.data.select('core/notices').getNotices().map(notice => notice.content)};
  }, [title, content, more]);
  expect(result.saved, `the editor says: ${result.notices.join('; ')}`);
  return result;
}

const block = (name, html, attributes = '') => `<!-- wp:${name}${attributes} -->\n${html}\n<!-- /wp:${name} -->`;
const codeBlock = text => block('code', `<pre class="wp-block-code"><code>${escapeHtml(text)}</code></pre>`);
const paragraph = text => block('paragraph', `<p>${escapeHtml(text)}</p>`);

/** What visitors of a page see as text, in one line. */
async function visible(page, address) {
  await page.goto(address);
  return (await page.textContent('body')).replace(/\s+/g, ' ');
}

const flat = text => text.replace(/\s+/g, ' ');

/** The editor's own REST client, with its nonce. */
const api = (page, options) => page.evaluate(options => wp.apiFetch(options)
  .then(value => ({value}), error => ({error: error.message ?? String(error)})), options);

const codeFlows = Object.entries(code).map(([language, text]) => ({
  name: `post with a ${language} block`,
  async run({page}) {
    const {link} = await publish(page, `How I use ${language}`, `${paragraph(prose)}\n\n${codeBlock(text)}`);
    const seen = await page.request.get(link);
    expect(seen.status() === 200, `${link} gives ${seen.status()}`);
    await page.goto(link);
    expectText(flat(await page.textContent('pre.wp-block-code')), flat(text).slice(0, 30).replaceAll('"', '"'), link);
  },
}));

async function uploadInLibrary(page, file) {
  await page.goto('/wp-admin/media-new.php?browser-uploader');
  await page.setInputFiles('#async-upload', file);
  await page.click('#html-upload');
  await page.waitForURL(/upload\.php/);
}

async function sameBytes(t, source, file) {
  const got = await t.page.request.get(source);
  expect(got.status() === 200, `${source} gives ${got.status()}`);
  expect(Buffer.compare(await got.body(), fs.readFileSync(file)) === 0, `${source} holds other bytes than ${file}`);
}

const flows = [
  {name: 'install', async run({page}) {
    await page.goto('/wp-admin/install.php');
    if (await page.$('#language-continue')) await page.click('#language-continue');
    await page.fill('#weblog_title', `Anna's <Kitchen> & "Garden"`);
    await page.fill('#user_login', ADMIN.name);
    await page.waitForFunction(() => document.querySelector('#pass1').value !== '');
    await page.fill('#pass1', ADMIN.password);
    await page.fill('#admin_email', 'anna@example.com');
    await page.click('#submit');
    await page.waitForSelector('a.button[href*="wp-login"]');
  }},
  {name: 'log in', run: ({page}) => login(page, ADMIN)},
  {name: 'general settings', async run({page}) {
    const tagline = `Cook's notes; drop by & taste -- "it's good" | a || b`;
    await page.goto('/wp-admin/options-general.php');
    await page.fill('#blogdescription', tagline);
    await page.check('input[name="date_format"][value="Y-m-d"]');
    await page.click('#submit');
    await page.waitForSelector('.notice-success, .updated');
    expect(await page.inputValue('#blogdescription') === tagline, 'the tagline was not kept');
  }},
  {name: 'permalinks', async run({page}) {
    await page.goto('/wp-admin/options-permalink.php');
    await page.check('input[name="selection"][value="/%postname%/"]');
    await page.click('#submit');
    await page.waitForSelector('.notice, .updated');
    expect(await page.isChecked('input[name="selection"][value="/%postname%/"]'), 'the structure was not kept');
  }},
  {name: 'type and publish a post', async run({page}) {
    await openEditor(page);
    const frame = await page.$('iframe[name="editor-canvas"]');
    const canvas = frame ? await frame.contentFrame() : page;
    await canvas.click('.editor-post-title__input');
    await page.keyboard.type("Sunday's soup");
    await page.keyboard.press('Enter');
    await page.keyboard.type('Take two onions & <half> a leek; simmer.');
    await page.waitForTimeout(500);
    await page.click('.editor-post-publish-panel__toggle, .editor-post-publish-button__button');
    await page.click('.editor-post-publish-panel .editor-post-publish-button');
    await page.waitForSelector('.post-publish-panel__postpublish-header, .components-snackbar');
    expectText(await visible(page, '/sundays-soup/'), 'Take two onions & <half> a leek', 'the post');
  }},
  ...codeFlows,
  {name: 'post with own HTML', async run({page}) {
    const {link} = await publish(page, 'A form of my own', block('html', `${code.html}
<iframe src="https://www.youtube.com/embed/abc" width="560" height="315" allowfullscreen></iframe>
<style>.x { background: url("data:image/png;base64,iVBORw0KGgo="); }</style>`));
    await page.goto(link);
    expect(await page.$('form[action="/subscribe"] input[name=address]'), 'the form is not on the page');
  }},
  {name: 'autosave and preview', async run({page}) {
    const {id} = await publish(page, 'Draft about shells', paragraph('First version.'), {});
    const saved = await page.evaluate(async text => {
      await wp.data.dispatch('core/editor').editPost({content: text});
      wp.data.dispatch('core/block-editor').resetBlocks(wp.blocks.parse(text));
      await wp.data.dispatch('core/editor').autosave();
      return wp.data.select('core/editor').getEditedPostPreviewLink();
    }, `${paragraph('Second version.')}\n\n${codeBlock(code.shell)}`);
    expect(saved, `post ${id} has no preview`);
    expectText(await visible(page, saved), 'Second version.', 'the preview');
  }},
  {name: 'quick draft', async run({page}) {
    await page.goto('/wp-admin/index.php');
    await page.fill('#title', 'Dinner; drop by');
    await page.fill('#content', 'Guests: select from the list where seats = 4; or 1 more | later & <maybe>');
    await page.click('#save-post');
    await page.waitForFunction(() => document.querySelector('#dashboard_quick_press')?.textContent.includes('Dinner; drop by'));
  }},
  {name: 'long post with pictures and tables', async run({page}) {
    const table = block('table', `<figure class="wp-block-table"><table><tbody>${Array.from({length: 60}, (_, i) =>
      `<tr><td>${i}</td><td>${escapeHtml(`O'Neil & sons; ${i * 3}%`)}</td><td><a href="https://example.com/?id=${i}&amp;sort=a">link</a></td></tr>`).join('')}</tbody></table></figure>`);
    const {link} = await publish(page, 'A long story', [...Array.from({length: 40}, () => paragraph(prose)), table,
      block('image', '<figure class="wp-block-image"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" alt=""/></figure>')].join('\n\n'));
    expectText(await visible(page, link), "O'Neil & sons; 177%".replace("'", '’'), 'the table');
  }},
  ...['photo', 'odd', 'png', 'pdf', 'zip', 'text', 'csv'].map(kind => ({
    name: `upload ${kind}`, async run(t) {
      await uploadInLibrary(t.page, t.files[kind]);
      const found = await api2(t, '/wp/v2/media?per_page=1&context=edit');
      await sameBytes(t, (kind === 'photo' || kind === 'odd') ? found[0].source_url : found[0].source_url, t.files[kind]);
    },
  })),
  {name: 'upload in the editor', async run(t) {
    await openEditor(t.page);
    const [file, name] = [fs.readFileSync(t.files.photo).toString('base64'), 'holiday "2026" & more.jpg'];
    const result = await t.page.evaluate(async ([file, name]) => {
      const bytes = Uint8Array.from(atob(file), c => c.charCodeAt(0));
      const body = new FormData();
      body.append('file', new File([bytes], name, {type: 'image/jpeg'}));
      body.append('title', 'Holiday');
      return wp.apiFetch({path: '/wp/v2/media', method: 'POST', body}).then(m => m.source_url, e => ({error: e.message}));
    }, [file, name]);
    expect(typeof result === 'string', `upload: ${result.error}`);
    await sameBytes(t, result, t.files.photo);
  }},
  {name: 'media library: list, describe, rotate', async run(t) {
    const {page} = t;
    await page.goto('/wp-admin/upload.php?mode=grid');
    await page.waitForSelector('.attachments .attachment');
    await page.fill('#media-search-input', "Anna's");
    await page.waitForTimeout(1500);
    const media = await api2(t, '/wp/v2/media?media_type=image&per_page=5&context=edit');
    const photo = media.find(item => item.mime_type === 'image/jpeg');
    await page.goto(`/wp-admin/post.php?post=${photo.id}&action=edit`);
    await page.fill('#attachment_alt', `A "tree" & it's bush; or 1 > 0`);
    await page.fill('#attachment_caption', `Tom's <em>tree</em>; <a href="https://example.com/a?b=1&c=2">see</a>`);
    await page.click('#publish');
    await page.waitForSelector('.updated, .notice-success');
    expect((await page.inputValue('#attachment_alt')).includes("it's bush"), 'the description was not kept');
    await page.click('input[id^=imgedit-open-btn]');
    await page.click('.imgedit-rright');
    await page.waitForTimeout(1000);
    await page.click('.imgedit-submit-btn');
    await page.waitForSelector('input[id^=imgedit-open-btn]', {state: 'visible'});
    const turned = await api2(t, `/wp/v2/media/${photo.id}`);
    expect(turned.media_details.height > turned.media_details.width, 'the picture was not turned');
  }},
  {name: 'comment of a visitor, approved', async run(t) {
    const visitor = await t.stage.browser.newContext({baseURL: t.url});
    const page = await visitor.newPage();
    await page.goto('/sundays-soup/');
    await page.fill('#comment', `Mine never works: I ran "SELECT * FROM soup WHERE salt > 1 OR 1=1" and then rm -rf /tmp/pot; cat /etc/motd.
<strong>Any idea?</strong> <code>${escapeHtml(code.php)}</code>`);
    await page.fill('#author', "Tim O'Brien");
    await page.fill('#email', 'tim+soup@example.com');
    await page.fill('#url', 'https://example.com/~tim/?a=1&b=2');
    await page.click('#submit');
    await page.waitForURL(/unapproved|comment-/);
    await visitor.close();
    await t.page.goto('/wp-admin/edit-comments.php?comment_status=moderated');
    await t.page.hover('#the-comment-list tr:first-child');
    await t.page.click('#the-comment-list tr:first-child .approve a');
    await t.page.waitForTimeout(1500);
    expectText(await visible(t.page, '/sundays-soup/'), 'SELECT * FROM soup', 'the comment');
    await t.page.goto('/wp-admin/edit-comments.php');
    await t.page.hover('#the-comment-list tr:first-child');
    await t.page.click('#the-comment-list tr:first-child .reply button');
    await t.page.fill('#replycontent', `Try <a href="https://example.com/?q=a;b">this</a>: $(pidof soup) && echo ok`);
    await t.page.click('#replybtn, .save.button');
    await t.page.waitForTimeout(1500);
    expectText(await visible(t.page, '/sundays-soup/'), 'echo ok', 'the reply');
  }},
  {name: 'search', async run({page}) {
    for (const words of searches) {
      const answer = await page.goto(`/?s=${encodeURIComponent(words).replaceAll('%20', '+')}`);
      expect(answer.status() === 200, `searching ${words} gives ${answer.status()}`);
      expect(/search/i.test(await page.title()), `no result page for ${words}: ${await page.title()}`);
    }
    await page.goto('/wp-admin/edit.php');
    await page.fill('#post-search-input', "soup's <b> & \"x\" or 1");
    await page.click('#search-submit');
    await page.waitForSelector('.wp-list-table');
  }},
  {name: 'theme file editor', async run(t) {
    await t.page.goto('/wp-admin/theme-editor.php?theme=twentytwentyone&file=style.css');
    await saveCode(t.page, text => `${text}\n/* Wider; for Anna's tables */\n.x { width: calc(100% - 2rem); }\n`);
    expectText(fs.readFileSync(path.join(t.root, 'wp-content/themes/twentytwentyone/style.css'), 'utf8'), "for Anna's tables", 'style.css');
    await t.page.goto('/wp-admin/theme-editor.php?theme=twentytwentyone&file=functions.php');
    await saveCode(t.page, text => `${text}\nadd_filter('the_title', function ($title) { return strtoupper($title); });\n`);
    await t.page.reload();
    expectText(await t.page.inputValue('#newcontent'), 'strtoupper($title)', 'functions.php');
  }},
  {name: 'plugin editor, activation', async run({page}) {
    await page.goto('/wp-admin/plugins.php');
    await page.click('tr[data-plugin="greeting/greeting.php"] .activate a');
    await page.waitForSelector('#message.updated');
    await page.goto('/wp-admin/plugin-editor.php?plugin=greeting/greeting.php&file=greeting/greeting.php');
    await saveCode(page, text => text.replace('Good day', 'Good evening')
      + `\nadd_action('init', function () { global $wpdb; $wpdb->query("SELECT COUNT(*) FROM {$wpdb->posts} WHERE 1=1"); });\n`);
    expectText(await visible(page, '/'), 'Good evening', 'the footer');
  }},
  {name: 'plugin from a zip', async run(t) {
    const folder = path.join(t.stage.folder, 'files');
    fs.mkdirSync(path.join(folder, 'hello-there'), {recursive: true});
    fs.writeFileSync(path.join(folder, 'hello-there/hello-there.php'), PLUGIN.replace('Greeting', 'Hello there').replace('Good day', 'Hello there'));
    const {runToEnd} = await import('../harness/processes.mjs');
    runToEnd('zip', ['-q', '-r', 'hello-there.zip', 'hello-there'], {cwd: folder});
    await t.page.goto('/wp-admin/plugin-install.php?tab=upload');
    await t.page.setInputFiles('#pluginzip', path.join(folder, 'hello-there.zip'));
    await t.page.click('#install-plugin-submit');
    await t.page.click('a.button-primary[href*="action=activate"]');
    await t.page.waitForSelector('#message.updated');
    expectText(await visible(t.page, '/'), 'Hello there', 'the footer');
  }},
  {name: 'theme, customizer', async run({page}) {
    await page.goto('/wp-admin/themes.php');
    const link = await page.getAttribute('.theme[data-slug="twentytwentyone"] a.activate', 'href');
    if (link) await page.goto(link);
    await page.goto('/wp-admin/customize.php');
    await page.waitForFunction(() => window.wp?.customize?.('blogdescription') && wp.customize('custom_css[twentytwentyone]') && wp.customize.previewer);
    await page.waitForTimeout(2000);
    const css = `body { background: url("data:image/svg+xml;utf8,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E") !important; }\n/* Tom's; -- */\n.entry > p:first-child::before { content: "\\201C"; }`;
    const saved = await page.evaluate(async css => {
      wp.customize(`custom_css[twentytwentyone]`).set(css);
      wp.customize('blogdescription').set("Better soup & <bread>; or else");
      return new Promise(resolve => wp.customize.previewer.save().done(() => resolve(true)).fail(r => resolve(JSON.stringify(r))));
    }, css);
    expect(saved === true, `saving says ${saved}`);
    const html = await (await page.request.get('/')).text();
    expectText(html, 'data:image/svg+xml', 'the style sheet');
  }},
  {name: 'users', async run(t) {
    const {page} = t;
    for (const [i, password] of passwords.entries()) {
      await page.goto('/wp-admin/user-new.php');
      await page.fill('#user_login', `cook${i}`);
      await page.fill('#email', `cook${i}@example.com`);
      await page.fill('#last_name', "O'Neil; -- Jr.");
      await page.fill('#pass1', password);
      if (await page.isVisible('.pw-weak')) await page.check('.pw-checkbox');
      await page.selectOption('#role', 'editor');
      await page.click('#createusersub');
      await page.waitForSelector('#message');
      const visitor = await t.stage.browser.newContext({baseURL: t.url});
      const own = await visitor.newPage();
      await login(own, {name: `cook${i}`, password});
      if (i === 0) {
        const bio = `I <em>like</em> soup; select from my posts or drop by. ${code.shell.slice(0, 80)}`;
        await own.goto('/wp-admin/profile.php');
        await own.fill('#description', bio);
        await own.click('#submit');
        await own.waitForSelector('#message');
        expectText(await own.inputValue('#description'), 'kill -9', 'the profile');
      }
      await visitor.close();
    }
  }},
  {name: 'REST API with an application password', async run(t) {
    await t.page.goto('/wp-admin/');
    await openEditor(t.page);
    const password = await api(t.page, {path: '/wp/v2/users/me/application-passwords', method: 'POST', data: {name: 'script'}});
    expect(password.value, password.error);
    const authorization = `Basic ${Buffer.from(`${ADMIN.name}:${password.value.password}`).toString('base64')}`;
    const call = async (method, at, body, headers = {}) => {
      const answer = await fetch(`${t.url}/wp-json/wp/v2/${at}`, {method, headers: {authorization, ...headers}, body});
      expect(answer.status < 300, `${method} ${at} gives ${answer.status}: ${(await answer.clone().text()).slice(0, 200)}`);
      return answer.json();
    };
    const json = {'content-type': 'application/json'};
    const post = await call('POST', 'posts', JSON.stringify({title: 'From a script', status: 'publish',
      content: Object.values(code).map(text => codeBlock(text)).join('\n'), excerpt: "it's <b>new</b>"}), json);
    const changed = await call('PUT', `posts/${post.id}`, JSON.stringify({title: "Changed; it's \"better\" -- #1"}), json);
    expectText(changed.title.raw, 'better', 'the title');
    const media = await call('POST', 'media', fs.readFileSync(t.files.odd),
      {'content-type': 'image/jpeg', 'content-disposition': `attachment; filename="Anna's garden (1).jpg"`});
    await sameBytes(t, media.source_url, t.files.odd);
    await call('DELETE', `posts/${post.id}?force=true`);
    const found = await call('GET', `posts?search=${encodeURIComponent("soup's & <x>")}&_fields=id,title&orderby=date`);
    expect(Array.isArray(found), 'no list');
  }},
  {name: 'XML-RPC', async run(t) {
    const value = text => `<value><string>${escapeHtml(text)}</string></value>`;
    const call = async (method, ...parameters) => {
      const answer = await fetch(`${t.url}/xmlrpc.php`, {method: 'POST', headers: {'content-type': 'text/xml'},
        body: `<?xml version="1.0"?>\n<methodCall><methodName>${method}</methodName><params>${parameters.map(p => `<param>${p}</param>`).join('')}</params></methodCall>`});
      const text = await answer.text();
      expect(answer.status === 200 && !text.includes('<fault>'), `${method} gives ${answer.status} ${text.slice(0, 200)}`);
      return text;
    };
    const credentials = ['<value><int>1</int></value>', value(ADMIN.name), value(ADMIN.password)];
    const member = (name, inner) => `<member><name>${name}</name>${inner}</member>`;
    await call('wp.newPost', ...credentials, `<value><struct>${member('post_title', value('By XML-RPC'))}${member('post_status', value('publish'))}${
      member('post_content', value(`<p>${prose}</p><pre>${escapeHtml(code.sql)}</pre><pre>${escapeHtml(code.php)}</pre>`))}</struct></value>`);
    expectText(await visible(t.page, '/by-xml-rpc/'), 'DROP TABLE IF EXISTS staging', 'the post');
    const uploaded = await call('metaWeblog.newMediaObject', ...credentials, `<value><struct>${member('name', value('remote.jpg'))}${
      member('type', value('image/jpeg'))}${member('bits', `<value><base64>${fs.readFileSync(t.files.photo).toString('base64')}</base></value>`.replace('</base>', '</base64>'))}</struct></value>`);
    await sameBytes(t, uploaded.match(/<name>url<\/name><value><string>([^<]+)/)[1], t.files.photo);
  }},
  {name: 'categories, quick edit, bin, restore', async run({page}) {
    await page.goto('/wp-admin/edit-tags.php?taxonomy=category');
    await page.fill('#tag-name', 'Soups & "Stews"; hot');
    await page.fill('#tag-description', 'All <em>soups</em>: select yours from here');
    await page.click('#submit');
    await page.waitForFunction(() => document.querySelector('#the-list').textContent.includes('Stews'));
    await page.goto('/wp-admin/edit.php');
    await page.hover('#the-list tr:first-child');
    await page.click('#the-list tr:first-child .editinline');
    await page.fill('.inline-edit-row input[name=post_title]', "Quick; it's <edited>");
    await page.click('.inline-edit-row .save');
    await page.waitForFunction(() => document.querySelector('#the-list').textContent.includes("it's <edited>"));
    await page.hover('#the-list tr:first-child');
    await page.click('#the-list tr:first-child .submitdelete');
    await page.click('#message a[href*="untrash"]');
    await page.waitForSelector('#message');
  }},
  {name: 'menus and widgets', async run({page}) {
    await openEditor(page);
    const widget = await api(page, {path: '/wp/v2/widgets', method: 'POST', data: {id_base: 'block', sidebar: 'sidebar-1',
      instance: {raw: {content: block('html', '<div onclick="toggle(this)">Open <b>now</b></div>')}}}});
    expect(widget.value, `widget: ${widget.error}`);
    const menu = await api(page, {path: '/wp/v2/menus', method: 'POST', data: {name: "Anna's menu; -- top"}});
    expect(menu.value, `menu: ${menu.error}`);
    const item = await api(page, {path: '/wp/v2/menu-items', method: 'POST', data: {title: 'Soup & <more>', url: 'https://example.com/?a=1&b=../x',
      status: 'publish', menus: menu.value.id}});
    expect(item.value, `item: ${item.error}`);
    expectText(await (await page.request.get('/')).text(), 'toggle(this)', 'the front page');
  }},
  {name: 'export', async run({page}) {
    await page.goto('/wp-admin/export.php');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#submit')]);
    expectText(fs.readFileSync(await download.path(), 'utf8'), '<wp:wxr_version>', 'the export');
  }},
  {name: 'site editor', async run({page}) {
    await page.goto('/wp-admin/themes.php');
    const link = await page.getAttribute('.theme[data-slug="twentytwentythree"] a.activate', 'href');
    if (link) await page.goto(link);
    await page.goto('/wp-admin/site-editor.php');
    await page.waitForFunction(() => window.wp?.apiFetch && window.wp?.data?.select('core'));
    const saved = await api(page, {path: '/wp/v2/templates/twentytwentythree//single', method: 'POST', data: {content:
      `<!-- wp:template-part {"slug":"header","tagName":"header"} /-->\n<!-- wp:post-title {"level":1} /-->\n<!-- wp:post-content /-->\n${paragraph('Written by hand; select & enjoy')}`}});
    expect(saved.value, `template: ${saved.error}`);
    const styles = await api(page, {path: '/wp/v2/global-styles/themes/twentytwentythree'});
    expect(styles.value, `styles: ${styles.error}`);
    expectText(await visible(page, '/sundays-soup/'), 'Written by hand; select & enjoy', 'the post');
  }},
  {name: 'personal data request, privacy page, reading', async run({page}) {
    await page.goto('/wp-admin/export-personal-data.php');
    await page.fill('#username_or_email_for_privacy_request', 'cook0@example.com');
    await page.click('#submit');
    await page.waitForSelector('.notice, #setting-error-username_or_email_for_privacy_request');
    await page.goto('/wp-admin/options-discussion.php');
    await page.fill('#moderation_keys', 'casino\n<script\nunion select\n192.168.0.1\n$(');
    await page.click('#submit');
    await page.waitForSelector('.notice-success, .updated');
    expectText(await page.inputValue('#moderation_keys'), 'union select', 'the list');
  }},
  {name: 'log out', async run({page}) {
    await page.goto('/wp-admin/');
    const link = await page.getAttribute('#wp-admin-bar-logout a', 'href');
    await page.goto(link);
    expect(page.url().includes('loggedout=true'), `ended at ${page.url()}`);
  }},
];

/** REST by cookies of the browser, from the editor's page. */
async function api2(t, at) {
  await openEditor(t.page);
  const result = await api(t.page, {path: at});
  expect(result.value, `${at}: ${result.error}`);
  return result.value;
}

/** Changes the text in the file editor and saves it; the page says so. */
async function saveCode(page, change) {
  await page.waitForSelector('#newcontent', {state: 'attached'});
  await page.evaluate(source => {
    const change = new Function(`return (${source})`)();
    const editor = document.querySelector('.CodeMirror')?.CodeMirror;
    const area = document.querySelector('#newcontent');
    const text = change(editor ? editor.getValue() : area.value);
    if (editor) editor.setValue(text);
    area.value = text;
  }, change.toString());
  const dismiss = await page.$('.file-editor-warning-dismiss');
  if (dismiss && await dismiss.isVisible()) await dismiss.click();
  await page.click('#submit');
  await page.waitForSelector('.notice-success, #message.updated, .notice-error', {timeout: 90_000});
  const error = await page.$('.notice-error');
  expect(!error, `the editor says: ${error && await error.textContent()}`);
}

export default {name: 'wordpress', install, flows};
