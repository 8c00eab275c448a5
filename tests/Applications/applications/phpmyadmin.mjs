// phpMyAdmin of Debian 12 over MariaDB: what those who run databases do in it.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import {copyTree, giveTo, PhpServer} from '../harness/webserver.mjs';
import {expect, expectText} from '../harness/flows.mjs';
import {files} from '../harness/samples.mjs';

const USER = {name: 'dba', password: "dba's;secret\"1"};

async function install(stage) {
  const {database} = stage;
  database.run(`create user 'dba'@'%' identified by '${USER.password.replaceAll("'", "''")}'; grant all on *.* to 'dba'@'%' with grant option;`);
  const root = path.join(stage.folder, 'phpmyadmin', 'site'), temporary = path.join(stage.folder, 'phpmyadmin', 'tmp');
  copyTree('/usr/share/phpmyadmin', root);
  fs.mkdirSync(temporary, {recursive: true});
  fs.writeFileSync(path.join(root, 'config.inc.php'), `<?php
$cfg['blowfish_secret'] = '01234567890123456789012345678901'; $cfg['TempDir'] = '${temporary}';
$cfg['Servers'][1] = ['auth_type' => 'cookie', 'host' => '127.0.0.1', 'port' => '${database.port}', 'compress' => false, 'AllowNoPassword' => false];
$cfg['SendErrorReports'] = 'never'; $cfg['VersionCheck'] = false; $cfg['ShowPhpInfo'] = false;
`);
  const vendor = path.join(root, 'libraries/vendor_config.php');
  fs.writeFileSync(vendor, fs.readFileSync(vendor, 'utf8').replace(/(['"]configFile['"]\s*=>\s*)[^\n]+/, '$1ROOT_PATH . "config.inc.php",')
    .replace(/(['"]tempDir['"]\s*=>\s*)[^\n]+/, `$1'${temporary}/',`));
  giveTo(path.dirname(root));
  const upstream = await PhpServer.start(stage, 'phpmyadmin', {root});
  return {upstream, files: await files(stage)};
}

const flat = text => text.replace(/\s+/g, ' ').trim();

/** Runs SQL in the console page of a database, as a user types it; gives what the page shows. */
async function sql(page, text, database = 'shop') {
  await page.goto(`/index.php?route=/${database ? 'database' : 'server'}/sql&db=${database}`);
  await page.waitForFunction(() => window.CommonParams?.get?.('token') && (window.Sql || window.codeMirrorEditor || document.querySelector('#sqlquery')));
  await page.waitForSelector('#sqlqueryform', {state: 'attached'});
  await page.waitForTimeout(400);
  await page.evaluate(text => {
    const box = document.querySelector('#sqlqueryform .CodeMirror')?.CodeMirror;
    if (box) box.setValue(text);
    document.querySelector('#sqlquery').value = text;
  }, text);
  const [answer] = await Promise.all([
    page.waitForResponse(r => r.request().method() === 'POST' && /route=(\/|%2F)(import|sql)/.test(r.url() + (r.request().postData() ?? '')), {timeout: 90_000}),
    page.click('#button_submit_query')]);
  expect(answer.status() === 200, `${text.slice(0, 60)} gives ${answer.status()}`);
  await page.waitForTimeout(500);
  const shown = flat(await page.textContent('body'));
  expect(!/#\d{4} - /.test(shown), `MariaDB says ${shown.match(/#\d{4} - .{0,100}/)?.[0]}`);
  return shown;
}

const statements = {
  'create table': [`CREATE TABLE IF NOT EXISTS notes (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(80) NOT NULL DEFAULT '', body TEXT, at DATETIME DEFAULT NOW(), KEY (title)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='it''s ours';`],
  'insert': [`INSERT INTO notes (title, body) VALUES ('O''Neil', 'he said: or 1=1 -- and left'), ('tags', '<b>bold</b> <script>x()</script>'), ('path', '/etc/passwd; ../../x');`],
  'select': ["SELECT * FROM notes WHERE title LIKE '%Neil%' OR 1=1 ORDER BY id LIMIT 10;", "O'Neil"],
  'union': ["SELECT id, title FROM notes UNION ALL SELECT 0, CONCAT('sum: ', COUNT(*)) FROM notes;", 'sum: 3'],
  'information schema': ["SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE();", 'notes'],
  'update with concat': ["UPDATE notes SET body = CONCAT(body, ' -- seen'), at = NOW() WHERE id IN (SELECT * FROM (SELECT MIN(id) FROM notes) AS x);"],
  'sleep and benchmark': ['SELECT SLEEP(0.1), BENCHMARK(10, MD5(1)), VERSION(), USER();', 'MariaDB'],
  'view': ['CREATE OR REPLACE VIEW recent AS SELECT n.id, n.title, (SELECT COUNT(*) FROM notes m WHERE m.id < n.id) AS before_it FROM notes n WHERE n.at > NOW() - INTERVAL 1 DAY;'],
  'procedure': ["DROP PROCEDURE IF EXISTS tidy;\nDELIMITER //\nCREATE PROCEDURE tidy(IN days INT)\nBEGIN\n  DECLARE done INT DEFAULT 0;\n  IF days > 0 THEN DELETE FROM notes WHERE at < NOW() - INTERVAL days DAY; END IF;\n  SELECT 'tidied' AS result;\nEND//\nDELIMITER ;"],
  'trigger': ["CREATE TRIGGER notes_title BEFORE INSERT ON notes FOR EACH ROW SET NEW.title = TRIM(NEW.title);"],
  'case and window': ["SELECT id, CASE WHEN title = 'tags' THEN 'x' ELSE IFNULL(title, '') END AS kind, ROW_NUMBER() OVER (ORDER BY id DESC) AS n FROM notes;", 'kind'],
  'comment and hex': ["/* nightly; see wiki */ SELECT 0x414243 AS abc, CHAR(72, 105) AS hi, LOAD_FILE('/tmp/none') IS NULL AS none -- end", 'ABC'],
  'several at once': ["SET @a = 5; SELECT @a * 2 AS ten; SHOW VARIABLES LIKE 'version%'; SHOW PROCESSLIST; DESCRIBE notes;"],
  'join': ["SELECT a.id, b.title FROM notes a JOIN notes b ON a.id = b.id AND b.title <> '' WHERE a.id BETWEEN 1 AND 100 GROUP BY a.id HAVING COUNT(*) >= 1;", 'title'],
  'grants': ["GRANT SELECT, INSERT ON shop.* TO 'reader'@'%' IDENTIFIED BY 'x''or''y'; FLUSH PRIVILEGES; SHOW GRANTS FOR 'reader'@'%';"],
  'events': ["CREATE EVENT IF NOT EXISTS nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM notes WHERE id < 0;"],
};

const flows = [
  {name: 'log in', async run({page}) {
    await page.goto('/');
    await page.fill('#input_username', USER.name);
    await page.fill('#input_password', USER.password);
    await page.click('#input_go');
    await page.waitForSelector('#serverinfo, #server-breadcrumb, #pma_navigation_tree');
  }},
  {name: 'create a database', async run({page}) {
    await page.goto('/index.php?route=/server/databases');
    await page.fill('#text_create_db', 'shop');
    await page.selectOption('select[name=db_collation]', 'utf8mb4_unicode_ci').catch(() => {});
    await page.click('#buttonGo');
    await page.waitForFunction(() => /shop/.test(document.title + location.search + document.body.textContent));
    await sql(page, 'SELECT DATABASE();');
  }},
  ...Object.entries(statements).map(([name, [text, shown]]) => ({name: `console: ${name}`, async run({page}) {
    const seen = await sql(page, text);
    if (shown) expectText(seen, shown, 'the result');
  }})),
  {name: 'browse, sort, search in a table', async run({page}) {
    for (const address of ['/index.php?route=/sql&db=shop&table=notes&pos=0', '/index.php?route=/table/structure&db=shop&table=notes',
      '/index.php?route=/table/search&db=shop&table=notes', '/index.php?route=/database/structure&db=shop',
      `/index.php?${new URLSearchParams({route: '/sql', db: 'shop', table: 'notes', sql_query: 'SELECT * FROM `notes` ORDER BY `title` DESC', session_max_rows: '25', is_browse_distinct: '0'})}`]) {
      const answer = await page.goto(address);
      expect(answer.status() === 200, `${address} gives ${answer.status()}`);
    }
    await page.goto('/index.php?route=/table/search&db=shop&table=notes');
    await page.fill('#fieldID_1', "O'Neil");
    await page.click('#tbl_search_form input[type=submit], input[name=submit]');
    await page.waitForFunction(() => document.body.textContent.includes("or 1=1 -- and left"));
  }},
  {name: 'search in a database', async run({page}) {
    await page.goto('/index.php?route=/database/search&db=shop');
    await page.fill('[name=criteriaSearchString]', "or 1=1 --");
    await page.click('#select_all');
    await page.click('#buttonGo');
    await page.waitForFunction(() => /match(es)? in/.test(document.body.textContent));
  }},
  {name: 'insert by form', async run({page}) {
    await page.goto('/index.php?route=/table/change&db=shop&table=notes');
    await page.waitForSelector('#insertForm');
    const title = page.locator('[name="fields[multi_edit][0][' + await md5('title') + ']"]');
    const body = page.locator('[name="fields[multi_edit][0][' + await md5('body') + ']"]');
    await title.fill("It's \"quoted\"; -- x");
    await body.fill('<p>Hello & welcome</p> or 1=1; DROP TABLE notes; $(id) ../../etc');
    await page.click('#buttonYes');
    await page.waitForTimeout(1500);
    expectText(await sql(page, "SELECT title FROM notes WHERE body LIKE '%welcome%';"), 'It\'s "quoted"; -- x', 'the table');
  }},
  {name: 'create a table by form', async run({page}) {
    await page.goto('/index.php?route=/table/create&db=shop&table=things&num_fields=3');
    await page.waitForSelector('[name="field_name[0]"]');
    for (const [i, name] of ['id', 'name', 'price'].entries()) await page.fill(`[name="field_name[${i}]"]`, name);
    await page.selectOption('[name="field_type[1]"]', 'VARCHAR');
    await page.fill('[name="field_length[1]"]', '100');
    await page.fill('[name="field_comments[1]"]', "customer's <name>; or alias").catch(() => {});
    await page.fill('textarea[name=comment], input[name=comment]', "What we sell; it's \"all\"").catch(() => {});
    await page.click('[name=do_save_data]');
    await page.waitForFunction(() => document.body.textContent.includes('things'));
    await page.waitForTimeout(800);
    expectText(await sql(page, 'DESCRIBE things;'), 'price', 'the table');
  }},
  {name: 'export', async run({page}) {
    for (const format of ['sql', 'csv', 'json', 'xml']) {
      await page.goto('/index.php?route=/database/export&db=shop');
      await page.selectOption('#plugins', format);
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#buttonGo')]);
      const text = fs.readFileSync(await download.path(), 'utf8');
      expect(text.includes('Neil'), `the ${format} export does not hold the rows`);
    }
  }},
  ...['sql', 'sql.gz', 'csv'].map(kind => ({name: `import ${kind}`, async run(t) {
    const table = `imported_${kind.replace('.', '_')}`;
    const file = path.join(t.stage.folder, `files/${table}.${kind}`);
    const rows = Array.from({length: 1500}, (_, i) => [i, `O'Neil ${i}; or 1=1 --`, `<b>note ${i}</b> union select /etc/x`]);
    const dump = `-- dump\n/*!40101 SET NAMES utf8mb4 */;\nCREATE TABLE ${table} (id int, name varchar(80), note text);\nINSERT INTO ${table} VALUES\n${
      rows.map(row => `(${row[0]},'${row[1].replaceAll("'", "''")}','${row[2]}')`).join(',\n')};\n`;
    if (kind === 'sql') fs.writeFileSync(file, dump);
    else if (kind === 'sql.gz') fs.writeFileSync(file, zlib.gzipSync(dump));
    else {
      await sql(t.page, `CREATE TABLE ${table} (id int, name varchar(80), note text);`);
      fs.writeFileSync(file, rows.map(row => row.map(cell => `"${cell}"`).join(',')).join('\n'));
    }
    await t.page.goto(kind === 'csv' ? `/index.php?route=/table/import&db=shop&table=${table}` : '/index.php?route=/database/import&db=shop');
    await t.page.setInputFiles('#input_import_file', file);
    if (kind === 'csv') {
      await t.page.selectOption('#plugins', 'csv');
      await t.page.fill('#text_csv_terminated', ',').catch(() => {});
    }
    await t.page.click('#buttonGo');
    await t.page.waitForTimeout(2500);
    expectText(await sql(t.page, `SELECT CONCAT('rows=', COUNT(*)) FROM ${table};`), 'rows=1500', 'the table');
  }})),
  {name: 'structure: add a column, an index; operations', async run({page}) {
    await sql(page, "ALTER TABLE notes ADD COLUMN rating DECIMAL(3,1) NOT NULL DEFAULT '0.0' AFTER title, ADD FULLTEXT KEY text (body);");
    for (const route of ['/table/structure', '/table/operations', '/table/tracking', '/table/relation', '/table/triggers']) {
      const answer = await page.goto(`/index.php?route=${route}&db=shop&table=notes`);
      expect(answer.status() === 200, `${route} gives ${answer.status()}`);
    }
    await page.goto('/index.php?route=/table/operations&db=shop&table=notes');
    await page.fill('[name=comment]', "changed; it's \"now\" or never");
    await page.locator('[name=submitoptions]').first().evaluate(button => button.form.querySelector('[type=submit]').click());
    await page.waitForTimeout(1500);
    expectText(await sql(page, "SELECT table_comment FROM information_schema.tables WHERE table_name = 'notes';"), 'or never', 'the table');
  }},
  {name: 'routine by form', async run({page}) {
    await page.goto('/index.php?route=/database/routines&db=shop');
    const sent = await page.evaluate(async () => {
      const body = new URLSearchParams({route: '/database/routines', db: 'shop', token: CommonParams.get('token'), ajax_request: 'true', add_item: '1', editor_process_add: '1',
        item_name: 'count_notes', item_type: 'FUNCTION', item_returntype: 'INT', item_returnlength: '', item_returnopts_num: '', item_returnopts_text: '',
        item_definition: 'BEGIN\n  DECLARE n INT; -- count\n  SELECT COUNT(*) INTO n FROM notes WHERE 1=1 OR title IS NULL;\n  RETURN n;\nEND',
        item_isdeterministic: '', item_sqldataaccess: 'READS SQL DATA', item_securitytype: 'DEFINER', item_comment: "it's", item_definer: ''});
      const answer = await fetch('index.php?route=/database/routines', {method: 'POST', body, headers: {'X-Requested-With': 'XMLHttpRequest'}});
      return {status: answer.status, text: (await answer.text()).slice(0, 300)};
    });
    expect(sent.status === 200 && sent.text.includes('"success":true'), `gives ${sent.status} ${sent.text}`);
    expectText(await sql(page, "SELECT CONCAT('n>', count_notes() > 0);"), 'n>1', 'the function');
  }},
  {name: 'users', async run({page}) {
    await page.goto('/index.php?route=/server/privileges&adduser=1');
    await page.fill('#pma_username', "o'neil");
    await page.fill('#text_pma_pw', "P@$$w0rd|<id>#1'or'");
    await page.fill('#text_pma_pw2', "P@$$w0rd|<id>#1'or'");
    await page.click('#adduser_submit');
    await page.waitForFunction(() => /added a new user|CREATE USER/.test(document.body.textContent));
    expectText(await sql(page, "SELECT user FROM mysql.user WHERE user LIKE 'o%';", ''), "o'neil", 'the list');
  }},
  {name: 'settings', async run({page}) {
    await page.goto('/index.php?route=/preferences/features');
    const answer = await page.goto('/index.php?route=/preferences/manage');
    expect(answer.status() === 200, `preferences give ${answer.status()}`);
    await page.goto('/index.php?route=/preferences/sql');
    await page.waitForSelector('#Sql_box, [name=Sql_queries-TextareaRows], form.config-form', {state: 'attached'});
    await page.locator('form.config-form [type=submit]').first().evaluate(button => button.click());
    await page.waitForLoadState();
    await page.goto('/index.php?route=/server/variables');
    await page.goto('/index.php?route=/server/status/processes');
  }},
  {name: 'drop', async run({page}) {
    await sql(page, 'DROP TABLE IF EXISTS things; DELETE FROM notes WHERE id > 2;');
    expectText(await sql(page, "SELECT CONCAT('left ', COUNT(*)) FROM notes;"), 'left 2', 'the table');
  }},
  {name: 'cookies of other sessions', async run(t) {
    for (let i = 0; i < 6; i++) {
      const context = await t.stage.browser.newContext({baseURL: t.url});
      const page = await context.newPage();
      await flows[0].run({page});
      for (const route of ['/server/databases', '/database/structure&db=shop', '/server/status'])
        expect((await page.goto(`/index.php?route=${route}`)).status() === 200, `${route} is refused with cookie ${i}`);
      await context.close();
    }
  }},
];

const md5 = async text => (await import('node:crypto')).createHash('md5').update(text).digest('hex');

export default {name: 'phpmyadmin', install, flows};
