/**
 * Reads a counter of /proc/net/netstat or /proc/net/snmp, which have pairs of lines: names, then values.
 *
 * @param text  the file
 * @param group e.g. 'TcpExt'
 * @param name  e.g. 'IPReversePathFilter'
 * @throws if there is no such counter
 */
export function counter(text: string, group: string, name: string): number {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  const value = values?.[names?.indexOf(name) ?? -1];
  if (value === undefined) throw new Error(`no counter ${group} ${name}`);
  return Number(value);
}
