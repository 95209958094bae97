import { Messages, MessageWriter } from '../../lib/agent/netlink/codec';

/** The messages in the buffer, one by one. */
export function messagesIn(bytes: Uint8Array): Messages[] {
  const found: Messages[] = [];
  const all = new Messages(bytes);
  for (let at = 0; all.next(); at += (16 + all.length + 3) & ~3) {
    const one = new Messages(bytes.subarray(at));
    one.next();
    found.push(one);
  }
  return found;
}

/** The only message in the buffer. @throws if there is not exactly one */
export function messageIn(bytes: Uint8Array): Messages {
  const [only, ...more] = messagesIn(bytes);
  if (only === undefined || more.length > 0) throw new Error(`${more.length + 1} messages`);
  return only;
}

/** The type and flags of a request, and the bytes after its header. */
export function written(write: (writer: MessageWriter) => void): { type: number; flags: number; payload: Buffer } {
  const writer = new MessageWriter();
  write(writer);
  const bytes = Buffer.from(writer.end().finish());
  const { type, flags } = messageIn(bytes);
  return { type, flags, payload: bytes.subarray(16) };
}
