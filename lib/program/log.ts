import { LOG_LEVELS, type LogLevel } from '../settings/table';

/** Writes one JSON object per line to standard output, as log collectors expect. */
export type Log = (
  level: LogLevel,
  event: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

/** The most lines of one event within a minute. Events have fixed names, so the total is bounded as well. */
export const MOST_OF_EVENT = 60;
const MINUTE_MS = 60_000;

/** The lines of one event in the minute that began with the first of them. */
interface Minute {
  lines: number;
  /** The level of the omitted lines. */
  worst: LogLevel;
}

/**
 * Limits a storm of one event: further lines in the same minute are counted, and one line then reports their number.
 * @param least lines below this level are left out.
 */
export function createLog(least: LogLevel, write: (line: string) => void, now: () => Date = () => new Date()): Log {
  const rank = (level: LogLevel) => LOG_LEVELS.indexOf(level);
  const minutes = new Map<string, Minute>();
  const put: Log = (level, event, message, details) =>
    write(`${JSON.stringify({ time: now().toISOString(), level, event, message, ...details })}\n`);
  const begin = (event: string): Minute => {
    const minute: Minute = { lines: 0, worst: 'debug' };
    minutes.set(event, minute);
    const end = () => {
      minutes.delete(event);
      const omitted = minute.lines - MOST_OF_EVENT;
      if (omitted <= 0) return;
      put(minute.worst, 'log.omitted', `${omitted} more lines of ${event} within a minute`, { of: event, omitted });
    };
    setTimeout(end, MINUTE_MS).unref();
    return minute;
  };
  return (level, event, message, details) => {
    if (rank(level) < rank(least)) return;
    const minute = minutes.get(event) ?? begin(event);
    minute.lines++;
    if (minute.lines <= MOST_OF_EVENT) put(level, event, message, details);
    else if (rank(level) > rank(minute.worst)) minute.worst = level;
  };
}
