// What the clients talk to, one port: an echo that says what arrived, git over smart HTTP, a package registry in npm's form; /v2/ and /dav/
// are passed on to docker-registry and to nginx with WebDAV.
import {spawn} from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

/** @param {object} places repositories (folder), files (folder with files to recognise), registry, dav (addresses) */
export function backend({repositories, files, registry, dav}, port) {
  const packages = new Map();
  const known = fs.readdirSync(files).map(name => path.join(files, name)).filter(file => fs.statSync(file).isFile())
    .map(file => [path.basename(file), fs.readFileSync(file)]);
  const server = http.createServer((request, response) => {
    const {pathname} = new URL(request.url, 'http://localhost');
    if (pathname.startsWith('/git/')) return git(repositories, request, response);
    if (pathname.startsWith('/v2/')) return pass(registry, request, response);
    if (pathname.startsWith('/dav/')) return pass(dav, request, response);
    const chunks = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (pathname.startsWith('/npm/')) return npm(packages, request, response, pathname.slice(5), body);
      const holds = known.filter(([, bytes]) => body.includes(bytes)).map(([name]) => name);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({method: request.method, target: request.url, bytes: body.length,
        sha256: crypto.createHash('sha256').update(body).digest('hex'), type: request.headers['content-type'] ?? '', holds}));
    });
  });
  server.requestTimeout = 0;
  return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve(server)));
}

function pass(to, request, response) {
  const {hostname, port} = new URL(to);
  const inner = http.request({hostname, port, method: request.method, path: request.url, headers: request.headers}, answer => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  inner.on('error', error => { if (!response.headersSent) response.writeHead(502); response.end(String(error)); });
  request.pipe(inner);
}

// git's own CGI program.
function git(repositories, request, response) {
  const {pathname, search} = new URL(request.url, 'http://localhost');
  const child = spawn('git', ['http-backend'], {stdio: ['pipe', 'pipe', 'inherit'], env: {
    PATH: process.env.PATH, GIT_PROJECT_ROOT: repositories, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: pathname.slice(4), QUERY_STRING: search.slice(1),
    REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers['content-type'] ?? '', REMOTE_USER: 'anna', REMOTE_ADDR: '127.0.0.1',
    ...(request.headers['content-length'] ? {CONTENT_LENGTH: request.headers['content-length']} : {}),
    ...(request.headers['content-encoding'] ? {HTTP_CONTENT_ENCODING: request.headers['content-encoding']} : {}),
    ...(request.headers['git-protocol'] ? {GIT_PROTOCOL: request.headers['git-protocol']} : {}),
  }});
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  let head = Buffer.alloc(0), begun = false;
  child.stdout.on('data', chunk => {
    if (begun) return response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    begun = true;
    const headers = Object.fromEntries(head.subarray(0, end).toString().split('\r\n').map(line => line.split(/:\s*/, 2)));
    const status = Number.parseInt(headers.Status ?? '200', 10);
    delete headers.Status;
    response.writeHead(status, headers);
    response.write(head.subarray(end + 4));
  });
  child.stdout.on('end', () => response.end());
}

function npm(packages, request, response, name, body) {
  const key = decodeURIComponent(name.split('/-/')[0]);
  const answer = (status, value) => {
    response.writeHead(status, {'content-type': 'application/json'});
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };
  if (request.method === 'PUT') {
    const made = JSON.parse(body.toString());
    packages.set(key, made);
    return answer(201, {ok: true});
  }
  const found = packages.get(key);
  if (!found) return answer(404, {error: 'not found'});
  if (!name.includes('/-/')) return answer(200, {...found, _attachments: undefined});
  const file = Object.values(found._attachments)[0];
  response.writeHead(200, {'content-type': 'application/octet-stream'});
  response.end(Buffer.from(file.data, 'base64'));
}
