import { Address } from '../network';
import { filled, LOG_LEVELS, number, oneOf, setting } from './table';

/** Settings that Kubernetes provides for each pod of the server health program. */
export const FROM_POD = {
  podName: setting('POD_NAME', filled),
  podIP: setting('POD_IP', Address.parse),
  namespace: setting('POD_NAMESPACE', filled),
};

/** Settings that synth writes, the same for all its pods. */
export const FROM_SYNTH = {
  /** The ConfigMap with the list of Services. */
  configMap: setting('CONFIG_MAP', filled),
  /** Name of the leader's Lease. */
  lease: setting('LEASE', filled),
  /** Name of the Lease of the replica that probes as the second observer. */
  standbyLease: setting('STANDBY_LEASE', filled),
  httpPort: setting('HTTP_PORT', number(1024, 65535)),
  logLevel: setting('LOG_LEVEL', oneOf(LOG_LEVELS)),
};

/** The address of the API server, as the kubelet provides it to every pod. */
export const API_SERVER = {
  apiHost: setting('KUBERNETES_SERVICE_HOST', filled),
  apiPort: setting('KUBERNETES_SERVICE_PORT', number(1, 65535)),
};
