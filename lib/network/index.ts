/** The model: pure, no I/O. Both sides stand on it. */
export * from './address';
export * from './cover';
export * from './finding';
export * from './free-range';
export * from './health-list';
export * from './mapping';
export * from './overlap';
export * from './probed-network';
export * from './promises';
export * from './providers';
export * from './reserved';
export * from './route';
export * from './route-list';
export * from './server-list';
export * from './subnet';
export * from './target';
export * from './without';
