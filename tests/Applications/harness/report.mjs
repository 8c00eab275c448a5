// The table at the end of a run.

/** Prints it; true when every flow did what it should. */
export function report(runs, direct) {
  console.log(`\n${direct ? 'direct, without the sidecar' : 'behind the sidecar, Enforce'}`);
  console.log('application  flows  broken  requests  stopped  CPU ms per request');
  for (const {name, results, before, after} of runs) {
    const requests = after ? after.requests.total - before.requests.total : null;
    const stopped = after ? requests - (after.requests.allowed - before.requests.allowed) : null;
    const cpu = after && requests > 0 ? (1000 * (after.cpuSeconds - before.cpuSeconds) / requests).toFixed(2) : '-';
    console.log([name.padEnd(12), String(results.length).padStart(5),
      String(results.filter(result => !result.ok).length).padStart(7), String(requests ?? '-').padStart(9),
      String(stopped ?? '-').padStart(8), cpu.padStart(8)].join(' '));
  }
  for (const {name, results} of runs)
    for (const {name: flow, error} of results.filter(result => !result.ok))
      console.log(`broken: ${name} / ${flow}: ${String(error?.message).split('\n')[0]}`);
  return runs.every(run => run.results.length > 0 && run.results.every(result => result.ok));
}
