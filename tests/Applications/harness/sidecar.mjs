// The sidecar as a standalone program in front of one application, and what it says about the requests.
import fs from 'node:fs';
import path from 'node:path';
import {answers, freePort, pause} from './processes.mjs';

const TICKS_PER_SECOND = 100;

export class Sidecar {
  /**
   * @param {object} stage the run: root (the checkout), processes, folder
   * @param {string} name of the application; @param {string} upstream its address; @param {number} port to listen on
   * @param {(policy: string) => string} change what this application's policy has beside the common one
   */
  static async start(stage, name, upstream, port, change = text => text) {
    const self = new Sidecar();
    self.port = port;
    self.address = `http://localhost:${self.port}`;
    self.admin = `http://127.0.0.1:${await freePort()}`;
    const policy = path.join(stage.folder, `${name}-policy.yaml`);
    fs.writeFileSync(policy, policyText(stage, change));
    self.child = stage.processes.start(`${name}-sidecar`, 'dotnet', [stage.program, '--policy', policy,
      '--upstream', upstream, '--listen', `http://127.0.0.1:${self.port}`, '--admin', self.admin,
      '--models', path.join(stage.root, 'models/packages')]);
    await answers(`${self.admin}/readyz`, self.child, {below: 300, seconds: 300});
    const status = await self.status();
    const missing = (status.models ?? []).filter(model => model.state !== 'Loaded' && model.state !== 'Ready');
    if (missing.length > 0) throw new Error(`models are not loaded: ${JSON.stringify(missing)}`);
    self.offset = 0;
    return self;
  }

  async status() {
    return (await fetch(`${this.admin}/status`)).json();
  }

  /** Requests so far, and the seconds of CPU that the process took for everything so far. */
  async counters() {
    const {requests} = await this.status();
    const stat = fs.readFileSync(`/proc/${this.child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {requests, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND};
  }

  /** Events written since the last call: those that were blocked, refused, or went on uninspected by models or rules. */
  async newEvents() {
    await pause(150);
    const text = fs.readFileSync(this.child.out, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(this.offset, end).split('\n').filter(line => line.startsWith('{'));
    this.offset = end;
    return lines.map(line => JSON.parse(line));
  }
}

/** The policy of the folder, with the models that the chart brings. */
function policyText(stage, change) {
  const policy = change(fs.readFileSync(stage.policy, 'utf8'));
  const values = fs.readFileSync(path.join(stage.root, 'charts/waf-operator/values.yaml'), 'utf8');
  const models = [...values.matchAll(/- \{model: (\S+), version: (\S+), digest: "(sha256:[0-9a-f]{64})"\}/g)];
  if (models.length === 0) throw new Error('no models in charts/waf-operator/values.yaml');
  return [policy, ...models.map(([, model, version, digest]) => `apiVersion: wafoperator.dev/v1alpha1
kind: ModelVersion
metadata: {name: ${model}-${version.replaceAll('.', '-')}}
spec:
  model: ${model}
  version: ${version}
  artifact: {uri: "builtin://${model}-${version}", digest: "${digest}"}
status: {phase: Promoted, phaseStartedAt: "2026-01-01T00:00:00Z"}
`)].join('---\n');
}

/** Why an event stopped its request, in one line. */
export function reasonOf(event) {
  const rules = (event.rules ?? []).filter(rule => rule.id < 949000).map(rule => `${rule.id} ${rule.variable ?? ''}`);
  const models = (event.models ?? []).map(model => JSON.stringify(model));
  return `${event.statusCode} ${event.reason}: ${event.message}`
    + (rules.length > 0 ? ` | rules ${[...new Set(rules)].join(', ')}` : '')
    + (models.length > 0 ? ` | ${models.join(' ').slice(0, 400)}` : '');
}

export const stopped = event => event.verdict !== 'Allow' && event.verdict !== 'Detect';
