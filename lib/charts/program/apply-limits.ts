/** All annotations of an object together (TotalAnnotationSizeLimitB in apimachinery's validation). */
const ANNOTATIONS_LIMIT = 262_144;
/** Room for the object around its data and for the annotations beside kubectl's. */
const RESERVE = 4096;
/** What a ConfigMap holds (MaxSecretSize in the API's validation). */
export const CONFIG_MAP_LIMIT = 1_048_576;

/**
 * What a route list in the annotations of a pod template may take. They hold twice as much together, and the same again
 * stands in the annotation of client-side apply, with each quotation mark escaped.
 */
export const ROLLING_LIST_LIMIT = 131_072;

/** Bytes that one text of data may take as JSON where client-side apply must work, which keeps the object in an annotation. */
export const CLIENT_SIDE_APPLY_LIMIT = ANNOTATIONS_LIMIT - RESERVE;

/** What Go's encoding/json writes with six letters, e.g. \u003c, so that it may stand in HTML. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

/** @returns bytes of the text as JSON, the form in which kubectl's client-side apply keeps it. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text).replace(ESCAPED_BY_GO, '\\u0000'));
}

export function fitsClientSideApply(text: string): boolean {
  return jsonBytes(text) <= CLIENT_SIDE_APPLY_LIMIT;
}

export function fitsPodTemplate(text: string): boolean {
  return Buffer.byteLength(text) <= ROLLING_LIST_LIMIT && fitsClientSideApply(text);
}

export function fitsConfigMap(text: string): boolean {
  return Buffer.byteLength(text) <= CONFIG_MAP_LIMIT;
}
