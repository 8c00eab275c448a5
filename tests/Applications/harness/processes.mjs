// Programs that a run starts: each with a log of its own, all ended with the run, by process id.
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

/** How many times longer everything may take than on a machine at rest: APPLICATIONS_SLOWNESS. */
export const SLOWNESS = Number(process.env.APPLICATIONS_SLOWNESS ?? 1);

export class Processes {
  #running = [];

  /** @param {string} folder where the logs go, a file for each program */
  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, {recursive: true});
  }

  /** Starts a program that stays; its output goes to NAME.out and NAME.err. Gives the child, with `.log` and `.out`. */
  start(name, command, args, options = {}) {
    const out = path.join(this.folder, `${name}.out`), err = path.join(this.folder, `${name}.err`);
    const child = spawn(command, args, {
      stdio: ['ignore', fs.openSync(out, 'w'), fs.openSync(err, 'w')], detached: true, ...options,
    });
    Object.assign(child, {name, out, err, ended: new Promise(resolve => child.once('exit', resolve))});
    child.on('error', error => fs.appendFileSync(err, `${error}\n`));
    this.#running.push(child);
    return child;
  }

  /** Ends one program with all it started, and waits for it. */
  async stop(child) {
    this.#running = this.#running.filter(other => other !== child);
    if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
    signal(child, 'SIGTERM');
    const late = setTimeout(() => signal(child, 'SIGKILL'), 10_000);
    await child.ended;
    clearTimeout(late);
  }

  async stopAll() {
    for (const child of [...this.#running].reverse()) await this.stop(child);
  }
}

// The group, so that workers (php-fpm's, puma's) go with their parent.
function signal(child, name) {
  try { process.kill(-child.pid, name); } catch { /* it has ended meanwhile */ }
}

/** Runs a program to its end; throws with the tail of what it wrote where it fails. Gives its standard output. */
export function runToEnd(command, args, options = {}) {
  const result = spawnSync(command, args, {encoding: 'utf8', maxBuffer: 64 << 20, ...options});
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(' ').slice(0, 200)} ended with ${result.status ?? result.error}: `
    + `${result.stderr ?? ''}${result.stdout ?? ''}`.slice(-1500));
}

/** A free port of the loopback interface. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const {port} = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until something answers HTTP at the address (any status below `below`). */
export async function answers(address, child, {seconds = 60, below = 600} = {}) {
  const until = Date.now() + seconds * SLOWNESS * 1000;
  while (Date.now() < until) {
    if (child?.exitCode != null) break;
    try {
      const answer = await fetch(address, {redirect: 'manual'});
      await answer.arrayBuffer();
      if (answer.status < below) return;
    } catch { /* not there yet */ }
    await pause(200);
  }
  const log = child ? fs.readFileSync(child.err, 'utf8').slice(-1500) : '';
  throw new Error(`${child?.name ?? 'nothing'} does not answer at ${address}. ${log}`);
}

export const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
