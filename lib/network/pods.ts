/** With whose address a pod's packet reaches on premise: its node's, to which the CNI masquerades it, or its own. */
export const PODS_SEEN_AS = ['nodes', 'themselves'] as const;
export type PodsSeenAs = (typeof PODS_SEEN_AS)[number];

/** What every statement about pods lists as long as a site does not say it. */
export const PODS_ASSUMED = 'assumed: the CNI masquerades pods; check it (docs/pods.md), then set cluster.podsSeenAs';
