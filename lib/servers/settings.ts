import { API_SERVER, FROM_POD, FROM_SYNTH } from '../settings/server-health';
import { type Environment, readEnvironment, type Values } from '../settings/table';

const TABLE = { ...FROM_POD, ...FROM_SYNTH, ...API_SERVER };

/** The settings that the Deployment passes to the program in its environment. */
export type Settings = Values<typeof TABLE>;

/** @throws InputError with everything that is missing or invalid */
export function readSettings(environment: Environment): Settings {
  return readEnvironment(TABLE, environment, 'the Deployment');
}
