/** Tests must not read the dist/ and routers/ of the repository, so their sites start without earlier output. */
const { randomUUID } = require('node:crypto');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

process.env.CDK8S_OUTDIR = join(tmpdir(), `onprem-link-test-${randomUUID()}`, 'dist');
