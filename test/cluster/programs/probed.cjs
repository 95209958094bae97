// Answers probes on port 8080, with a path for every kind of answer, and logs each request to standard output.
require('node:http')
  .createServer((request, response) => {
    process.stdout.write(`${JSON.stringify([request.url, request.headers])}\n`);
    const [, kind, value] = request.url.split('/');
    if (kind === 'status') response.writeHead(Number(value)).end(value);
    if (kind === 'redirect') response.writeHead(302, { location: `/status/${value}` }).end();
    if (kind === 'elsewhere') response.writeHead(302, { location: 'http://192.0.2.1/status/500' }).end();
    if (kind === 'agent') response.writeHead(request.headers['x-who'] === 'kubelet' ? 200 : 400).end();
  })
  .listen(8080);
process.on('SIGTERM', () => process.exit(0));
