/** The constructs of one kind, by their site: they know one another without the site having to know them. */
export class Siblings<T> {
  private readonly bySite = new WeakMap<object, T[]>();

  add(site: object, one: T): void {
    const siblings = this.bySite.get(site);
    if (siblings === undefined) this.bySite.set(site, [one]);
    else siblings.push(one);
  }

  /** In the order of construction. */
  of(site: object): readonly T[] {
    return this.bySite.get(site) ?? [];
  }
}
