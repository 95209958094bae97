/** Size limit for all annotations of an object together (TotalAnnotationSizeLimitB in apimachinery's validation). */
const ANNOTATIONS_LIMIT = 262_144;
/** Room for the rest of the object and for annotations other than kubectl's. */
const RESERVE = 4096;
/** Size limit of a ConfigMap (MaxSecretSize in the API's validation). */
export const CONFIG_MAP_LIMIT = 1_048_576;

/**
 * Size limit of a route list in an annotation of a pod template. All annotations together hold twice as much, but
 * client-side apply stores the list again in its own annotation, with each quotation mark escaped.
 */
export const ROLLING_LIST_LIMIT = 131_072;

/**
 * Size limit in bytes of one data value as JSON if client-side apply must work, because it keeps the object in an
 * annotation.
 */
export const CLIENT_SIDE_APPLY_LIMIT = ANNOTATIONS_LIMIT - RESERVE;

/** Characters that Go's encoding/json escapes with six characters for use in HTML, e.g. \u003c. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

/** @returns size of the text in bytes as JSON, the form in which kubectl's client-side apply stores it. */
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
