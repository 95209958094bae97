/** Ends the script without a stack trace if the reader of its output ends early, as `head` does. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode);
  });
}

/** For scripts with few or no options: --help and -h print the text and end the script. */
export function offerHelp(text: string): void {
  endWithReader();
  if (!process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) return;
  process.stdout.write(text);
  process.exit(0);
}
