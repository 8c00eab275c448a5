// Programs that talk HTTP in their own ways: libraries of six languages, git, npm, container images, WebDAV.
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {backend} from '../clients/backend.mjs';
import {expect, expectText} from '../harness/flows.mjs';
import {answers, freePort, runToEnd} from '../harness/processes.mjs';
import {code, files} from '../harness/samples.mjs';

async function install(stage) {
  const folder = path.join(stage.folder, 'clients');
  const made = await files(stage);
  const repositories = path.join(folder, 'git');
  fs.mkdirSync(repositories, {recursive: true});
  runToEnd('git', ['init', '-q', '--bare', path.join(repositories, 'shop.git')]);
  runToEnd('git', ['-C', path.join(repositories, 'shop.git'), 'config', 'http.receivepack', 'true']);
  const registry = await startRegistry(stage, folder), dav = await startDav(stage, folder);
  const port = await freePort();
  await backend({repositories, files: path.join(stage.folder, 'files'), registry, dav}, port);
  // WebDAV is asked for in the policy, as its methods are none of the defaults.
  return {upstream: `http://127.0.0.1:${port}`, folder, files: made, policy: text => text.replace('    paranoia: 1\n', '    paranoia: 1\n    webDav: true\n')};
}

async function startRegistry(stage, folder) {
  const port = await freePort();
  fs.writeFileSync(path.join(folder, 'registry.yml'), `version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: ${folder}/images}, delete: {enabled: true}}\nhttp: {addr: "127.0.0.1:${port}", secret: x}\n`);
  const child = stage.processes.start('docker-registry', 'docker-registry', ['serve', path.join(folder, 'registry.yml')]);
  await answers(`http://127.0.0.1:${port}/v2/`, child);
  return `http://127.0.0.1:${port}`;
}

async function startDav(stage, folder) {
  const port = await freePort(), root = path.join(folder, 'webdav');
  fs.mkdirSync(path.join(root, 'dav'), {recursive: true});
  runToEnd('chown', ['-R', 'www-data:www-data', root]);
  fs.writeFileSync(path.join(folder, 'dav.conf'), `load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
user www-data; pid ${folder}/dav.pid; error_log ${folder}/dav.log; events {}
http { client_max_body_size 40m; access_log off; client_body_temp_path ${root}/body;
  dav_ext_lock_zone zone=locks:1m;
  server { listen 127.0.0.1:${port}; root ${root};
    location / { dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK; dav_ext_lock zone=locks; create_full_put_path on; dav_access user:rw group:r; autoindex on; } } }
`);
  const child = stage.processes.start('clients-dav', 'nginx', ['-c', path.join(folder, 'dav.conf'), '-e', path.join(folder, 'dav.log'), '-g', 'daemon off;']);
  await answers(`http://127.0.0.1:${port}/`, child);
  return `http://127.0.0.1:${port}`;
}

/** A program whose lines are NAME, STATUS, EXPECTED (a file that the body holds), ANSWER. */
const library = (name, command, args, least) => ({name, async run(t) {
  const result = await runAside(command, [...args(t), t.url, path.join(t.stage.folder, 'files')], t.folder);
  const lines = result.stdout.split('\n').filter(Boolean).map(line => line.split('\t'));
  expect(lines.length >= least, `${name} sent ${lines.length} requests: ${result.stderr.slice(-400)}`);
  const broken = lines.filter(([, status, expected, answer]) => status !== '200' || (expected && !JSON.parse(answer).holds.includes(expected)));
  console.log(`         ${lines.length} requests, refused or changed: ${broken.length}`);
  expect(broken.length === 0, broken.map(([what, status]) => `${what}: ${status}`).join('; '));
}});

// Not synchronously: the backend answers from this process.
async function runAside(command, args, cwd, more = {}) {
  const {spawn} = await import('node:child_process');
  return new Promise(resolve => {
    const child = spawn(command, args, {cwd, stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, PATH: '/usr/bin:/bin:/usr/sbin', GOCACHE: path.join(cwd, 'go-cache'),
      GO111MODULE: 'off', HOME: cwd, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', ...more}});
    let stdout = '', stderr = '';
    child.stdout.on('data', chunk => { stdout += chunk; });
    child.stderr.on('data', chunk => { stderr += chunk; });
    child.once('error', error => resolve({status: -1, stdout, stderr: String(error)}));
    child.once('close', status => resolve({status, stdout, stderr}));
  });
}

async function must(t, command, args, cwd = t.folder, more) {
  const result = await runAside(command, args, cwd, more);
  expect(result.status === 0, `${command} ${args.join(' ').slice(0, 80)}: ${(result.stderr + result.stdout).slice(-300).replaceAll('\n', ' ')}`);
  return result.stdout;
}

const at = name => t => [path.join(t.stage.here, 'clients', name)];

const flows = [
  library('curl and wget', 'bash', at('client.sh'), 40),
  library('Python: requests, httpx, aiohttp, urllib', '/usr/bin/python3', at('client.py'), 40),
  library('Node.js: fetch, http', process.execPath, at('client.mjs'), 16),
  library('PHP: curl, streams', 'php', at('client.php'), 14),
  library('Java: HttpClient', 'java', at('Client.java'), 10),
  library('Go: net/http', 'go', t => ['run', path.join(t.stage.here, 'clients/client.go')], 15),
  {name: 'git: push, clone, push more, pull', async run(t) {
    const work = path.join(t.folder, 'work'), other = path.join(t.folder, 'other');
    await must(t, 'git', ['clone', '-q', `${t.url}/git/shop.git`, work]);
    const git = (...args) => must(t, 'git', ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com', ...args], work);
    for (const [name, text] of Object.entries(code)) fs.writeFileSync(path.join(work, `sample.${name}`), text);
    fs.copyFileSync(t.files.photo, path.join(work, 'photo.jpg'));
    await git('add', '.');
    await git('commit', '-q', '-m', "Add samples; fix O'Neil's /etc/passwd reading and <script> \"escape\"");
    await git('push', '-q', 'origin', 'HEAD:main');
    for (let i = 0; i < 300; i++) fs.writeFileSync(path.join(work, `file${i}.txt`), `${code.sql}\n${i}\n`);
    await git('checkout', '-q', '-b', "feature/o'neil-1=1");
    await git('add', '.');
    await git('commit', '-q', '-m', 'More');
    await git('tag', 'v1.0');
    await git('push', '-q', '--tags', 'origin', 'HEAD');
    await must(t, 'git', ['clone', '-q', '-b', 'main', `${t.url}/git/shop.git`, other]);
    expect(Buffer.compare(fs.readFileSync(path.join(other, 'photo.jpg')), fs.readFileSync(t.files.photo)) === 0, 'the clone holds other bytes');
    await must(t, 'git', ['pull', '-q', 'origin', "feature/o'neil-1=1"], other);
    expect(fs.existsSync(path.join(other, 'file299.txt')), 'the pull brought nothing');
    await must(t, 'git', ['-c', 'http.postBuffer=1024', 'push', '-q', 'origin', 'HEAD:chunked'], other);
    expectText(await must(t, 'git', ['ls-remote', `${t.url}/git/shop.git`]), 'refs/heads/chunked', 'ls-remote');
  }},
  {name: 'npm: publish, view, install', async run(t) {
    const work = path.join(t.folder, 'package');
    fs.mkdirSync(work, {recursive: true});
    fs.writeFileSync(path.join(work, 'package.json'), JSON.stringify({name: '@shop/tools', version: '1.0.0', description: "it's <good>; rm -rf node_modules && npm ci",
      scripts: {test: 'node -e "process.exit(0)" && rm -rf dist', build: 'sh -c "cat a.js > b.js; echo done"'}, bin: {tools: './x.js'}, license: 'MIT'}));
    fs.writeFileSync(path.join(work, 'x.js'), code.javascript);
    fs.writeFileSync(path.join(work, 'README.md'), `# Tools\n\n\`\`\`sh\n${code.shell}\n\`\`\`\n\n${code.html}`);
    const {host} = new URL(t.url);
    const settings = [`--registry=${t.url}/npm/`, `--//${host}/npm/:_authToken=abc`, '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = (await import('node:child_process')).execSync('command -v npm', {encoding: 'utf8', shell: '/bin/bash'}).trim();
    await must(t, process.execPath, [fs.realpathSync(npm), 'publish', '--access=public', ...settings], work);
    expectText(await must(t, process.execPath, [fs.realpathSync(npm), 'view', '@shop/tools', 'description', ...settings], work), "it's <good>", 'npm view');
  }},
  {name: 'container images: push and pull', async run(t) {
    const layout = path.join(t.folder, 'image'), back = path.join(t.folder, 'image-back');
    makeImage(layout, t.files);
    const {host} = new URL(t.url);
    await must(t, 'skopeo', ['copy', '--insecure-policy', '--dest-tls-verify=false', `oci:${layout}:1`, `docker://${host}/shop/app:1.0`]);
    await must(t, 'skopeo', ['copy', '--insecure-policy', '--src-tls-verify=false', `docker://${host}/shop/app:1.0`, `dir:${back}`]);
    expectText(await must(t, 'skopeo', ['inspect', '--tls-verify=false', `docker://${host}/shop/app:1.0`]), 'sh -c', 'the image');
  }},
  {name: 'WebDAV by cadaver', async run(t) {
    const script = path.join(t.folder, 'cadaver.txt');
    fs.writeFileSync(script, `mkcol drafts\nput ${t.files.photo} drafts/photo.jpg\nput ${t.files.text} drafts/notes.txt\nput ${t.files.python} drafts/sample.py\nls drafts\ncopy drafts/photo.jpg drafts/second.jpg\nmove drafts/notes.txt drafts/moved.txt\nlock drafts/photo.jpg\nunlock drafts/photo.jpg\nget drafts/photo.jpg ${t.folder}/got.jpg\ndelete drafts/second.jpg\nls drafts\nquit\n`);
    const text = spawnText(await runAside('bash', ['-c', `cadaver ${t.url}/dav/ < ${script}`], t.folder));
    expect(!/fail|403|error/i.test(text.replace(/Could not access.*resource/g, '')), `cadaver says ${text.slice(0, 600).replaceAll('\n', ' ')}`);
    expect(fs.existsSync(path.join(t.folder, 'webdav/dav/drafts/moved.txt')), 'nothing was moved');
    expect(Buffer.compare(fs.readFileSync(path.join(t.folder, 'got.jpg')), fs.readFileSync(t.files.photo)) === 0, 'the file came back changed');
  }},
  {name: 'pip and twine: upload of a package', async run(t) {
    // The form that twine sends (legacy API of PyPI): metadata as fields, the description long, the wheel as file.
    const body = new FormData();
    for (const [name, value] of Object.entries({':action': 'file_upload', protocol_version: '1', metadata_version: '2.1', name: 'shop-tools', version: '1.0', filetype: 'bdist_wheel',
      pyversion: 'py3', summary: "it's <good>; or else", description: `# Tools\n\n\`\`\`python\n${code.python}\n\`\`\`\n\n\`\`\`sh\npip install shop-tools && rm -rf build/\n\`\`\``, requires_python: '>=3.9,<4',
      author_email: 'Anna <anna@example.com>', md5_digest: 'd41d8cd98f00b204e9800998ecf8427e'})) body.append(name, value);
    for (const text of ['Programming Language :: Python :: 3', 'License :: OSI Approved :: MIT License']) body.append('classifiers', text);
    body.append('content', new File([fs.readFileSync(t.files.zip)], 'shop_tools-1.0-py3-none-any.whl', {type: 'application/octet-stream'}));
    const answer = await fetch(`${t.url}/legacy/`, {method: 'POST', body, headers: {authorization: `Basic ${Buffer.from('__token__:pypi-AgEI').toString('base64')}`, 'user-agent': 'twine/4.0.2 requests/2.28.1 CPython/3.11.2'}});
    expect(answer.status === 200, `gives ${answer.status}`);
    expect((await answer.json()).holds.includes('archive.zip'), 'the file was changed');
  }},
];

const spawnText = ({stdout, stderr}) => stdout + stderr;

/** An image of one layer, in the OCI layout: a tar of the sample files, and a configuration with a shell command. */
function makeImage(folder, made) {
  fs.mkdirSync(path.join(folder, 'blobs/sha256'), {recursive: true});
  const blob = bytes => {
    const digest = spawnSync('sha256sum', {input: bytes, encoding: 'utf8'}).stdout.slice(0, 64);
    fs.writeFileSync(path.join(folder, 'blobs/sha256', digest), bytes);
    return {digest: `sha256:${digest}`, size: bytes.length};
  };
  const tar = spawnSync('tar', ['-C', path.dirname(made.photo), '-cf', '-', ...['photo.jpg', 'sample.php', 'sample.sh'].map(String)], {maxBuffer: 64 << 20}).stdout;
  const layer = blob(tar);
  const config = blob(Buffer.from(JSON.stringify({architecture: 'amd64', os: 'linux', config: {Cmd: ['sh', '-c', 'sh -c "exec /app; cat /etc/passwd"'], Env: ['PATH=/usr/bin:/bin'], Labels: {what: 'sh -c'}},
    rootfs: {type: 'layers', diff_ids: [layer.digest]}, history: [{created_by: '/bin/sh -c apt-get update && rm -rf /var/lib/apt/lists/*'}]})));
  const manifest = blob(Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: {mediaType: 'application/vnd.oci.image.config.v1+json', ...config},
    layers: [{mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer}]})));
  fs.writeFileSync(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  fs.writeFileSync(path.join(folder, 'index.json'), JSON.stringify({schemaVersion: 2, manifests: [{mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, annotations: {'org.opencontainers.image.ref.name': '1'}}]}));
}

export default {name: 'clients', install, flows};
