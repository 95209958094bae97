import { type ApiClient, ApiError, type ApiPayload } from './client';
import { body as readBody } from './lines';

/** An object of the API as far as every kind has it. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The object is not the one that was read before: somebody else has written or deleted it (HTTP 409). */
export class ConflictError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConflictError';
  }
}

/**
 * Reads and writes single objects. Every method fails with an ApiError if there is no answer or another error, and with
 * a ConflictError where it says so.
 */
export interface Objects {
  /** @returns undefined if there is none (404) */
  get(path: string): Promise<ApiObject | undefined>;
  /**
   * Server-side apply: sets the fields of `body` and removes those that `manager` set before and now omits. An object that
   * is the same already keeps its resourceVersion; one that does not exist is created, unless `metadata.uid` is given.
   * @throws ConflictError if the object has another resourceVersion or uid than `metadata` says, or no object has the uid.
   */
  apply(path: string, body: ApiObject, manager: string): Promise<ApiObject>;
  /** @param path of the collection */
  create(path: string, body: ApiObject): Promise<ApiObject>;
  /** Deletes what was read, and nothing that replaced it. @throws ConflictError if it was replaced; none if it is gone. */
  delete(path: string, read: ApiObject): Promise<void>;
}

/** Time for a whole answer; objects are small. */
const TIMEOUT_MS = 3_000;

/** Objects of a real API server. */
export class ApiObjects implements Objects {
  constructor(private readonly client: Pick<ApiClient, 'get'>) {}

  async get(path: string): Promise<ApiObject | undefined> {
    try {
      return await this.ask(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async apply(path: string, body: ApiObject, manager: string): Promise<ApiObject> {
    // Values that another manager set as well are taken over: all managers here are ours.
    const query = `?fieldManager=${encodeURIComponent(manager)}&force=true`;
    return await this.ask(`${path}${query}`, payload('PATCH', 'application/apply-patch+yaml', body));
  }

  async create(path: string, body: ApiObject): Promise<ApiObject> {
    return await this.ask(path, payload('POST', 'application/json', body));
  }

  async delete(path: string, { metadata: { uid, resourceVersion } }: ApiObject): Promise<void> {
    const preconditions = { uid, resourceVersion };
    try {
      await this.ask(
        path,
        payload('DELETE', 'application/json', { kind: 'DeleteOptions', apiVersion: 'v1', preconditions }),
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }

  private async ask(path: string, sent?: ApiPayload): Promise<ApiObject> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const request = { path, idleTimeoutMs: TIMEOUT_MS, signal, ...(sent !== undefined && { sent }) };
      return readObject(await readBody(await this.client.get(request)));
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) throw new ConflictError(error.message, { cause: error });
      if (error instanceof ApiError) throw error;
      throw new ApiError(`no answer: ${(error as Error).message}`, undefined, 0, { cause: error });
    }
  }
}

function payload(method: ApiPayload['method'], type: string, body: object): ApiPayload {
  return { method, type, body: JSON.stringify(body) };
}

function readObject(text: string): ApiObject {
  const value: unknown = JSON.parse(text);
  const isObject = typeof value === 'object' && value !== null && 'metadata' in value;
  if (isObject || (value as { kind?: unknown })?.kind === 'Status') return value as ApiObject;
  throw new Error('the API server answered with something that is not an object of the API');
}
