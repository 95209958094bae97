import { type Finding, findingText, type RouteList } from '../../network';
import type { Log } from '../../program/log';
import { DIFFERS, type ListState } from '../route-source';

const MOST_FINDINGS = 50;

/** Logs the state of the ConfigMap's list. */
export class ListLog {
  /** What was last logged about the ConfigMap's list compared with that of the pod. */
  private reported = 'list.same';

  constructor(
    private readonly log: Log,
    /** For people: `ConfigMap onprem-link/static-routes`. */
    private readonly name: string,
  ) {}

  gone(): void {
    this.reported = 'list.gone';
    this.log('warn', 'list.gone', `${this.name} is gone; its routes stay`);
  }

  accepted({ routes }: RouteList): void {
    this.log('info', 'list.accepted', `${routes.length} routes listed`, { routes: routes.length });
  }

  rejected(findings: readonly Finding[], name = this.name): void {
    this.log('error', 'list.rejected', `${name} was rejected; the last valid list stays`, {
      findings: findings.slice(0, MOST_FINDINGS).map(findingText),
    });
  }

  /** For a ConfigMap whose list is only compared with that of the pod. */
  compared(state: ListState, differs: boolean): void {
    const event = state.state === 'rejected' ? 'list.rejected' : differs ? 'list.differs' : 'list.same';
    if (state.state === 'rejected') this.rejected(state.findings);
    else if (event === this.reported)
      return; // only the servers changed
    else if (differs) this.log('warn', event, `${this.name} ${DIFFERS}`);
    else this.log('info', event, `${this.name} holds the pod's list again`);
    this.reported = event;
  }
}
