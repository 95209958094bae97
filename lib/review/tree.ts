/** File contents by their path in the repository: dist/, routers/ and whatever else synthesis writes. */
export type Tree = ReadonlyMap<string, string>;
