let trim: (() => void) | undefined;

/**
 * Gives the kernel back what lies free between allocations: glibc's malloc_trim, beyond V8's heap. musl has none, and
 * gives pages back by itself.
 */
export function trimMemory(): void {
  trim ??= findTrim() ?? (() => undefined);
  trim();
}

function findTrim(): (() => void) | undefined {
  try {
    const { dlopen } = require('node:ffi') as typeof import('node:ffi');
    const { functions: libc } = dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    return () => libc.malloc_trim(0n);
  } catch {
    return undefined;
  }
}
