/**
 * A client that opens new connections at a steady rate: `node load.cjs URL RATE`. A line on standard input ends it: it waits
 * for the remaining answers and prints each failure with its time.
 */
const http = require('node:http');

const [url, rate] = process.argv.slice(2);
const PATIENCE_MS = 2_000;
const failures = [];
let total = 0;
let open = 0;
let isEnding = false;

function ask() {
  const at = Date.now();
  total++;
  open++;
  const request = http.get(url, { agent: false, headers: { connection: 'close' } });
  const timer = setTimeout(() => request.destroy(new Error('no answer')), PATIENCE_MS);
  const end = (reason) => {
    clearTimeout(timer);
    open--;
    if (reason !== undefined) failures.push({ at, reason });
    if (isEnding && open === 0) finish();
  };
  request.once('response', (response) => {
    response.resume();
    end(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`);
  });
  request.once('error', (error) => end(error.code ?? error.message));
  request.on('error', () => undefined);
}

function finish() {
  process.stdout.write(`${JSON.stringify({ total, failures })}\n`);
  process.exit(0);
}

const started = performance.now();
const timer = setInterval(() => {
  while (total < ((performance.now() - started) * Number(rate)) / 1000) ask();
}, 5);
process.stdin.once('data', () => {
  clearInterval(timer);
  isEnding = true;
  if (open === 0) finish();
});
process.stdout.write('started\n');
