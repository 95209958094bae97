/** Sites in tests start without an earlier synthesis: neither dist/ nor routers/ of the repository is theirs. */
const { tmpdir } = require('node:os');
const { join } = require('node:path');

process.env.CDK8S_OUTDIR = join(tmpdir(), `onprem-link-test-${process.pid}`, 'dist');
