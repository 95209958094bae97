#!/usr/bin/env node
/** The package's bin: the template's scripts, for projects that install the package. */

const SCRIPTS: Readonly<Record<string, () => unknown>> = {
  plan: () => require('./plan'),
  status: () => require('./status'),
  diagram: () => require('./diagram'),
  check: () => require('./check'),
  prove: () => require('./prove'),
  numbers: () => require('./numbers'),
};

const HELP = `onprem-link COMMAND [options]

  plan      what merging main.ts as it is now does to the network
  status    what the agents of a cluster report
  diagram   the sites of main.ts as Mermaid
  check     whether the committed files are right, for pull requests
  prove     whether packets and answers would arrive, by the files in dist/ and routers/
  numbers   the rule numbers that routers/numbers.json reserves, and how to release them

onprem-link COMMAND --help shows the options. Run it in the folder with cdk8s.yaml.
`;

const [, , command = ''] = process.argv;
const script = Object.hasOwn(SCRIPTS, command) ? SCRIPTS[command] : undefined;
if (script !== undefined) {
  process.argv.splice(2, 1);
  script();
} else if (command === '--help' || command === '-h' || command === 'help') process.stdout.write(HELP);
else {
  console.error(command === '' ? HELP : `"${command}" is not a command\n\n${HELP}`);
  process.exitCode = 2;
}
