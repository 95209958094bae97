import { type ApiClient, ApiError, type ApiPayload } from './client';
import { body as readBody } from './lines';

/** The fields that objects of every kind have. */
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

/** The object has changed since it was read: another client has written or deleted it (HTTP 409). */
export class ConflictError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConflictError';
  }
}

/**
 * Reads and writes single objects. Every method throws an ApiError for an error or if there is no answer, and a
 * ConflictError where stated.
 */
export interface Objects {
  /** @returns undefined if there is none (404) */
  get(path: string): Promise<ApiObject | undefined>;
  /**
   * Server-side apply: sets the fields of `body` and removes those that `manager` set before and now omits. If nothing
   * changes, the object keeps its resourceVersion. A missing object is created, unless `metadata.uid` is given.
   * @throws ConflictError if the object has a different resourceVersion or uid than `metadata` states, or if no object
   * has that uid.
   */
  apply(path: string, body: ApiObject, manager: string): Promise<ApiObject>;
  /** @param path the collection's path */
  create(path: string, body: ApiObject): Promise<ApiObject>;
  /**
   * Deletes the object that was read, but never one that replaced it. @throws ConflictError if it was replaced; not if
   * it is already gone.
   */
  delete(path: string, read: ApiObject): Promise<void>;
}

/** The time for a whole answer; objects are small. */
const TIMEOUT_MS = 3_000;

/** The objects of a real API server. */
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
    // `force` takes over fields that another manager set: all managers here belong to this program.
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
