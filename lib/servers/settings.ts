import { API_SERVER, FROM_POD, FROM_SYNTH } from '../settings/server-health';
import { type Environment, readEnvironment, type Values } from '../settings/table';

const TABLE = { ...FROM_POD, ...FROM_SYNTH, ...API_SERVER };

/** What the Deployment tells the program through its environment. */
export type Settings = Values<typeof TABLE>;

/** @throws InputError with everything that is missing or wrong */
export function readSettings(environment: Environment): Settings {
  return readEnvironment(TABLE, environment, 'the Deployment');
}
