import net = require('node:net');

import type { Address, Target } from '../network';

/** The result of a probe. `unsent`: this node could not send it, which says nothing about the path. */
export type ProbeAnswer =
  | { readonly kind: 'answered'; readonly milliseconds: number }
  | { readonly kind: 'missed' | 'unsent'; readonly reason: string };

export type Probe = (target: Target, source: Address, sourcePort: number, timeoutMs: number) => Promise<ProbeAnswer>;

/** Errors caused by this node itself (man 2 bind, man 2 connect). */
const OWN = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EMFILE', 'ENOBUFS']);
/** Errors that prove that the target is there. */
const ANSWERS = new Set(['ECONNREFUSED', 'ECONNRESET']);

/** Opens a TCP connection and resets it, so that neither side remembers its ports. */
export const probePath: Probe = ({ host, port }, source, sourcePort, timeoutMs) => {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, localAddress: `${source}`, localPort: sourcePort });
    const end = (answer: ProbeAnswer) => {
      clearTimeout(timer);
      socket.resetAndDestroy();
      resolve(answer);
    };
    const answered = () => end({ kind: 'answered', milliseconds: performance.now() - started });
    const timer = setTimeout(
      () => end({ kind: 'missed', reason: `no answer within ${timeoutMs / 1000} s` }),
      timeoutMs,
    );
    socket.once('connect', answered);
    socket.on('error', ({ code = '', message }: NodeJS.ErrnoException) => {
      if (ANSWERS.has(code)) answered();
      else end({ kind: OWN.has(code) ? 'unsent' : 'missed', reason: code || message });
    });
  });
};
