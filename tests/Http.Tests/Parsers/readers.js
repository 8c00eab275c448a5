// Reads bodies from stdin (content type and body in Base64, one request a line) and writes what Node's readers make of
// them (JSON, one line each): busboy for multipart, JSON.parse, and both of Node's readers of forms.
// Usage: node readers.js FOLDER_OF_MODULES
const path = require('path');
const querystring = require('querystring');
const busboy = require(path.join(process.argv[2], 'busboy'));

function byBusboy(type, body, done) {
  const values = [], files = [];
  let open = 1, isOver = false;
  const finish = answer => { if (!isOver) { isOver = true; done([answer]); } };
  const close = () => { if (--open === 0) finish({ values, files }); };
  try {
    const reader = busboy({ headers: { 'content-type': type }, defCharset: 'latin1', defParamCharset: 'latin1' });
    reader.on('field', (name, value) => values.push(value));
    reader.on('file', (name, stream) => {
      open++;
      const chunks = [];
      stream.on('data', chunk => chunks.push(chunk));
      stream.on('end', () => { files.push(Buffer.concat(chunks).toString('latin1')); close(); });
      stream.on('error', () => finish(null));
    });
    reader.on('close', close);
    reader.on('error', () => finish(null));
    reader.end(body);
  } catch {
    finish(null);
  }
}

function byJson(body) {
  const values = [];
  const walk = value => {
    if (typeof value === 'string') values.push(value.toWellFormed());
    else if (Array.isArray(value)) value.forEach(walk);
    else if (value && typeof value === 'object') Object.keys(value).forEach(key => { values.push(key.toWellFormed()); walk(value[key]); });
  };
  try {
    walk(JSON.parse(body.toString('utf8').replace(/^\uFEFF/, '')));
    return { values, files: [] };
  } catch {
    return null;
  }
}

function byForm(body) {
  const text = body.toString('utf8');
  return [
    { values: Object.values(querystring.parse(text, '&', '=', { maxKeys: 0 })).flat(), files: [] },
    { values: [...new URLSearchParams(text).values()], files: [] },
  ];
}

const lines = require('readline').createInterface({ input: process.stdin });
const waiting = [];
let isBusy = false;

function next() {
  if (isBusy || waiting.length === 0) return;
  isBusy = true;
  const [type, body] = waiting.shift().split(' ').map(piece => Buffer.from(piece, 'base64'));
  const media = type.toString('latin1').toLowerCase();
  const answer = readings => {
    process.stdout.write(JSON.stringify(readings).replace(/[\u007f-\uffff]/g,
      c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')) + '\n');
    isBusy = false;
    setImmediate(next);
  };
  if (media.startsWith('multipart/')) byBusboy(type.toString('latin1'), body, answer);
  else if (media.includes('json')) answer([byJson(body)]);
  else answer(byForm(body));
}

lines.on('line', line => { waiting.push(line); next(); });
