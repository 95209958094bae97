import { LOG_LEVELS, type LogLevel } from './settings';

/** Writes one JSON object a line on standard output, as log collectors expect it. */
export type Log = (
  level: LogLevel,
  event: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

/** @param least lines of lower levels are left out. */
export function createLog(least: LogLevel, write: (line: string) => void, now: () => Date = () => new Date()): Log {
  const threshold = LOG_LEVELS.indexOf(least);
  return (level, event, message, details) => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    write(`${JSON.stringify({ time: now().toISOString(), level, event, message, ...details })}\n`);
  };
}
