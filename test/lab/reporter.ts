import { styleText } from 'node:util';

/** The result of a step. False or nothing: failure; true or a remark: success. */
type Found = boolean | string | undefined;

/** Prints the steps of a demo: titles, facts, and steps with a mark, a remark and their duration. */
export class Reporter {
  private readonly started = performance.now();
  private steps = 0;
  private failures = 0;

  constructor(private readonly out: NodeJS.WriteStream) {}

  title(text: string): void {
    this.line(`\n${this.paint('bold', text)}`);
  }

  fact(name: string, text: string): void {
    this.line(`  ${name.padEnd(12)}${text}`);
  }

  /** Prints the output of another program. */
  quote(lines: readonly string[]): void {
    for (const line of lines) this.line(this.paint('dim', `    ${line}`));
  }

  async step(text: string, body: () => Found | Promise<Found>): Promise<void> {
    const started = performance.now();
    const found = await body();
    this.result(Boolean(found), text, started, typeof found === 'string' ? found : '');
  }

  /** A step with a result for later steps. It fails if it throws. */
  async do<T>(text: string, body: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const value = await body();
    this.result(true, text, started, '');
    return value;
  }

  fail(error: Error): void {
    this.failures++;
    this.line(`  ${this.paint('red', '✘')} ${error.message}`);
  }

  /** @returns whether all steps succeeded */
  end(): boolean {
    const seconds = ((performance.now() - this.started) / 1000).toFixed(1);
    const verdict =
      this.failures === 0 ? this.paint('green', 'All as promised') : this.paint('red', `${this.failures} failed`);
    this.line(`\n${verdict}: ${this.steps} steps in ${seconds} s.`);
    return this.failures === 0;
  }

  private result(ok: boolean, text: string, started: number, remark: string): void {
    this.steps++;
    if (!ok) this.failures++;
    const mark = ok ? this.paint('green', '✔') : this.paint('red', '✘');
    const took = this.paint('dim', `${(performance.now() - started).toFixed(0)} ms`.padStart(8));
    this.line(`  ${mark} ${took}  ${text}${remark === '' ? '' : this.paint('dim', `\n${' '.repeat(14)}${remark}`)}`);
  }

  private line(text: string): void {
    this.out.write(`${text}\n`);
  }

  private paint(style: 'bold' | 'dim' | 'red' | 'green', text: string): string {
    return this.out.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;
  }
}
