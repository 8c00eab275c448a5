// Applications behind the sidecar: see README.md. Started by ./run, which installs and builds what this needs.
import fs from 'node:fs';
import path from 'node:path';
import os from 'node:os';
import {startBrowser, newVisitor} from './harness/browser.mjs';
import {Database} from './harness/database.mjs';
import {Processes, freePort} from './harness/processes.mjs';
import {Sidecar} from './harness/sidecar.mjs';
import {runFlows} from './harness/flows.mjs';
import {report} from './harness/report.mjs';

const HERE = import.meta.dirname;
const ALL = ['wordpress', 'mediawiki', 'phpmyadmin', 'dokuwiki', 'redmine', 'clients', 'attackers'];

const options = {names: [], direct: false, keep: false, only: null, policy: path.join(HERE, 'policy.yaml')};
for (let i = 2; i < process.argv.length; i++) {
  const argument = process.argv[i];
  if (argument === '--direct') options.direct = true;
  else if (argument === '--keep') options.keep = true;
  else if (argument === '--flow') options.only = new RegExp(process.argv[++i], 'i');
  else if (argument === '--policy') options.policy = path.resolve(process.argv[++i]);
  else if (ALL.includes(argument)) options.names.push(argument);
  else {
    console.error(`unknown argument ${argument}; applications are ${ALL.join(', ')}`);
    process.exit(2);
  }
}
if (options.names.length === 0) options.names = ALL;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'waf-applications-'));
fs.chmodSync(folder, 0o755);
const stage = {
  root: path.resolve(HERE, '../..'), here: HERE, folder, policy: options.policy, direct: options.direct,
  modules: process.env.APPLICATIONS_MODULES, program: process.env.APPLICATIONS_SIDECAR,
  processes: new Processes(path.join(folder, 'logs')), database: null, browser: null,
};

async function runApplication(name) {
  const {default: application} = await import(`./applications/${name}.mjs`);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const given = await application.install(stage, url);
  // In a direct run the same address is served by a plain relay, so that the application notices no difference.
  const sidecar = options.direct ? null : await Sidecar.start(stage, name, given.upstream, port, given.policy);
  if (!sidecar) await (await import('./harness/relay.mjs')).relay(given.upstream, port);
  const visitor = await newVisitor(stage.browser, url);
  const before = await sidecar?.counters();
  const results = await runFlows(application, {...given, ...visitor, stage, url, sidecar}, sidecar, options.only);
  const after = await sidecar?.counters();
  await visitor.context.close();
  return {name, results, before, after, figures: given.figures};
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, async () => {
  await stage.browser?.close().catch(() => {});
  await stage.processes.stopAll();
  fs.rmSync(folder, {recursive: true, force: true});
  process.exit(130);
});

let exit = 1;
const runs = [];
try {
  stage.database = await Database.start(stage);
  stage.browser = await startBrowser(stage.modules);
  for (const name of options.names) {
    try {
      runs.push(await runApplication(name));
    } catch (error) {
      console.log(`FAILED ${name}: ${error.stack}`);
      runs.push({name, results: [{name: 'install', ok: false, error, events: [], seconds: 0}]});
    }
  }
  exit = report(runs, options.direct) ? 0 : 1;
} finally {
  await stage.browser?.close().catch(() => {});
  await stage.processes.stopAll();
  if (options.keep || exit !== 0) console.log(`kept: ${folder}`);
  else fs.rmSync(folder, {recursive: true, force: true});
}
process.exit(exit);
