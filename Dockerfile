# A complete image of the agent, for those who prefer one to a ConfigMap: npm run bundle, docker build, and
# new NodeRoutes(site, 'node-routes', { agent: 'image', image: '<where you pushed it>:<version>' }).
#checkov:skip=CKV_DOCKER_2:the DaemonSet probes the agent, and Kubernetes reads no HEALTHCHECK
FROM docker.io/library/node:26.10.0-trixie-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1
COPY build/agent.cjs /opt/onprem-link/agent.cjs
# Root, because capabilities of other users do not survive the start; the DaemonSet drops all but NET_ADMIN.
USER 0:0
# The DaemonSet names the command, with what Node permits it to touch.
CMD ["node", "/opt/onprem-link/agent.cjs"]
