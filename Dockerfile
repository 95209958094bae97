# An image that contains the agent, instead of the ConfigMap: run npm run bundle and docker build, then set
# new NodeRoutes(site, 'node-routes', { agent: 'image', image: '<where you pushed it>:<version>' }).
#checkov:skip=CKV_DOCKER_2:the DaemonSet probes the agent, and Kubernetes reads no HEALTHCHECK
FROM docker.io/library/node:26.10.0-trixie-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1
COPY build/agent.cjs build/routing.cjs /opt/onprem-link/
# Root, because other users lose their capabilities at the start. The DaemonSet drops all but NET_ADMIN.
USER 0:0
# The DaemonSet sets its own command, with Node's permission flags.
CMD ["node", "/opt/onprem-link/agent.cjs"]
