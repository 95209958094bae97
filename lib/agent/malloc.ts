import ffi = require('node:ffi');

/**
 * Gives the kernel back what lies free between allocations: glibc's malloc_trim, beyond V8's heap. musl has none, and
 * gives pages back by itself.
 */
export const trimMemory: () => void = findTrim() ?? (() => undefined);

function findTrim(): (() => void) | undefined {
  try {
    const { functions: libc } = ffi.dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    return () => libc.malloc_trim(0n);
  } catch {
    return undefined;
  }
}
