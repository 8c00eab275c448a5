// fetch and http of Node.js in their own shapes: prints NAME STATUS EXPECTED ANSWER.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const [url, folder] = process.argv.slice(2);
const show = (name, status, expected, text) => console.log(`node ${name}\t${status}\t${expected}\t${text.replaceAll('\n', ' ')}`);
const send = async (name, target, options, expected = '') => {
  const answer = await fetch(target, options);
  show(name, answer.status, expected, await answer.text());
};

await send('form', `${url}/echo`, {method: 'POST', body: new URLSearchParams({comment: `it's "fine"; 50% off & more`, empty: ''})});
await send('JSON', `${url}/echo?a[]=1&a[]=2`, {method: 'POST', body: JSON.stringify({note: 'either a or b; 1 < 2', nested: {deep: [[[{x: '`y`'}]]]}}), headers: {'content-type': 'application/json'}});
await send('text', `${url}/echo`, {method: 'POST', body: "plain; it's text"});
await send('streamed', `${url}/echo`, {method: 'POST', duplex: 'half', body: new ReadableStream({start(c) { c.enqueue(new TextEncoder().encode('{"a":1}')); c.close(); }}), headers: {'content-type': 'application/json'}});
for (const name of ['photo.jpg', "Anna's garden (1).jpg", 'page.pdf', 'notes.txt', 'archive.zip', 'sample.sql']) {
  const bytes = fs.readFileSync(path.join(folder, name));
  const form = new FormData();
  form.set('title', 'it\'s "mine"');
  form.set('file', new File([bytes], name));
  await send(`upload ${name}`, `${url}/echo`, {method: 'POST', body: form}, name);
  await send(`PUT ${name}`, `${url}/files/${encodeURIComponent(name)}`, {method: 'PUT', body: bytes}, name);
}
await new Promise(resolve => {
  const request = http.request(`${url}/echo`, {method: 'POST', headers: {'content-type': 'image/jpeg', expect: '100-continue'}}, answer => {
    let text = '';
    answer.on('data', chunk => { text += chunk; }).on('end', () => { show('Expect', answer.statusCode, 'photo.jpg', text); resolve(); });
  });
  request.on('continue', () => fs.createReadStream(path.join(folder, 'photo.jpg')).pipe(request));
});
