/** A reader that ends early, such as `head`, ends the script too, without a stack trace. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode);
  });
}

/** For scripts that take no options, or few: --help and -h print the text and end. */
export function offerHelp(text: string): void {
  endWithReader();
  if (!process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) return;
  process.stdout.write(text);
  process.exit(0);
}
