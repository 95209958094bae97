import type fc from 'fast-check';
import type { Model } from './model';
import { QUICK_MS, QUIET_MS, type Real } from './real';

/** A step: its effect on the model, which also decides whether the step can run now, and on the real system. */
export class Step implements fc.AsyncCommand<Model, Real> {
  constructor(
    private readonly name: string,
    private readonly toModel: (model: Model) => void,
    private readonly toReal: (real: Real, before: Model) => unknown,
    private readonly when: (model: Readonly<Model>) => boolean = () => true,
    private readonly kind: 'api' | 'kernel' = 'api',
  ) {}

  check(model: Readonly<Model>): boolean {
    return performance.now() < model.until && this.when(model);
  }

  async run(model: Model, real: Real): Promise<void> {
    real.steps.push(this.name);
    const before = new Map(model.own);
    await this.toReal(real, model);
    this.toModel(model);
    // A deletion by somebody else is not a loss caused by the agent.
    const listed = this.kind === 'kernel' ? [] : [...before.keys()].filter((key) => model.isListedThroughout(key));
    model.settle();
    await real.untilQuiet(model, this.kind === 'kernel' ? QUICK_MS : QUIET_MS);
    await real.expectNotDeleted(listed.filter((key) => before.get(key) === model.own.get(key)));
  }

  toString(): string {
    return this.name;
  }
}
