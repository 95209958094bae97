/** Sites in tests start without an earlier synthesis: neither dist/ nor routers/ of the repository is theirs. */
const { randomUUID } = require('node:crypto');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

process.env.CDK8S_OUTDIR = join(tmpdir(), `onprem-link-test-${randomUUID()}`, 'dist');
