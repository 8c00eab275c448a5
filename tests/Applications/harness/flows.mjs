// Runs the flows of one application and keeps what became of each.
import {SLOWNESS} from './processes.mjs';
import {reasonOf, stopped} from './sidecar.mjs';

const FLOW_SECONDS = 300;
// What a flow may still take after a request in the background was refused: some go on without it, the others would only wait for their limit.
const AFTER_REFUSAL_SECONDS = 30;
const EVENTS_SHOWN = 6;
// Without these no other flow can work.
const FIRST = new Set(['install', 'log in']);

/** What a flow throws when the application did not do what its user wanted. */
export class FlowFailed extends Error {}

export function expect(condition, message) {
  if (!condition) throw new FlowFailed(message);
}

/** The text holds the other one; where not, the error shows its beginning. */
export function expectText(text, part, where) {
  expect(text.includes(part), `${where} does not show ${JSON.stringify(part.slice(0, 80))}`);
}

/**
 * @param {object} application name, flows: [{name, run, seconds (its limit, where not the usual)}]
 * @param {object} t what flows get: page, context, url, stage, and what install() gave
 * @param {import('./sidecar.mjs').Sidecar|null} sidecar null in a direct run
 */
export async function runFlows(application, t, sidecar, only) {
  const results = [];
  for (const {name, run, seconds = FLOW_SECONDS} of application.flows) {
    if (only && !only.test(name) && !FIRST.has(name)) continue;
    const started = Date.now();
    let error = null;
    try {
      await within(seconds * SLOWNESS, Promise.race([run(t), refusedPage(t.page)]));
    } catch (caught) {
      error = caught;
      await t.page.screenshot({path: `${t.stage.folder}/${application.name}-${name.replace(/\W+/g, '-')}.png`})
        .catch(() => {});
    }
    const events = sidecar ? (await sidecar.newEvents()).filter(stopped) : [];
    const result = {name, ok: error === null, seconds: (Date.now() - started) / 1000, error, events};
    results.push(result);
    print(application.name, result);
    if (error && FIRST.has(name)) break;
    if (error) await freshPage(t);
  }
  return results;
}

function print(application, {name, ok, seconds, error, events}) {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${application} / ${name} (${seconds.toFixed(1)} s)`
    + (error ? `\n         ${String(error.message).split('\n').slice(0, 3).join(' ')}` : ''));
  for (const event of events.slice(0, EVENTS_SHOWN)) {
    console.log(`         ${event.method} ${event.path} ${reasonOf(event)}`);
    for (const rule of (event.rules ?? []).filter(rule => rule.id < 949000).slice(0, 4))
      console.log(`           ${rule.id} ${rule.variable}: ${JSON.stringify(rule.data ?? '')}`);
  }
  if (events.length > EVENTS_SHOWN) console.log(`         and ${events.length - EVENTS_SHOWN} more requests stopped`);
}

// A page that the sidecar refuses to load ends the flow at once: whatever it waits for will not come. A request in the background, soon.
function refusedPage(page) {
  return new Promise((_, reject) => page.on('response', response => {
    if (response.status() < 400 || !response.headers()['waf-event-id']) return;
    const request = response.request();
    const refuse = () => reject(new FlowFailed(`the sidecar refused ${request.method()} ${new URL(response.url()).pathname} with ${response.status()}`));
    if (request.isNavigationRequest()) refuse();
    else setTimeout(refuse, AFTER_REFUSAL_SECONDS * SLOWNESS * 1000).unref();
  }));
}

// A page that a broken flow left behind may hold a dialog or an editor that asks before it is left.
async function freshPage(t) {
  await t.page.close({runBeforeUnload: false}).catch(() => {});
  t.page = await t.context.newPage();
  t.page.on('dialog', dialog => dialog.accept().catch(() => {}));
}

function within(seconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new FlowFailed(`not done after ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
