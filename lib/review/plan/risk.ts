/** Something that a reviewer should look at before a merge. */
export interface Risk {
  readonly level: 'danger' | 'warning';
  readonly text: string;
}

export const danger = (text: string): Risk => ({ level: 'danger', text });
export const warning = (text: string): Risk => ({ level: 'warning', text });
