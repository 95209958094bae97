/**
 * No ConfigMap needs a longer line: it holds at most 1 MiB (at worst three bytes for a character, plus the envelope).
 */
const LONGEST_LINE = 8 * 1024 * 1024;

/**
 * The complete lines of a byte stream. An incomplete last line is dropped.
 * @throws Error if a line is longer than 8 MiB.
 */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
      rest = [];
      length = 0;
      from = end + 1;
      if (line.trim() !== '') yield line;
    }
    rest.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LONGEST_LINE) throw new Error(`the API server sent a line of more than ${LONGEST_LINE} bytes`);
  }
}

/** A whole body as text, limited in size like a line. */
export async function body(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > LONGEST_LINE) throw new Error(`the API server sent a body of more than ${LONGEST_LINE} bytes`);
  }
  return Buffer.concat(parts).toString('utf8');
}
