/**
 * The source address with which a pod's packet arrives on premise: its node's, if the CNI masquerades it, or its own.
 */
export const PODS_SEEN_AS = ['nodes', 'themselves'] as const;
export type PodsSeenAs = (typeof PODS_SEEN_AS)[number];

/** The assumption that every statement about pods lists if the site does not set `podsSeenAs`. */
export const PODS_ASSUMED = 'assumed: the CNI masquerades pods; check it (docs/pods.md), then set cluster.podsSeenAs';
