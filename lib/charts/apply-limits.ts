/** All annotations of an object together (TotalAnnotationSizeLimitB in apimachinery's validation). */
const ANNOTATIONS_LIMIT = 262_144;
/** Room for the object around its data and for the annotations beside kubectl's. */
const RESERVE = 4096;
/** What a ConfigMap holds (MaxSecretSize in the API's validation). */
export const CONFIG_MAP_LIMIT = 1_048_576;

/** Client-side apply keeps the object as JSON in an annotation; whether that one fits with this text as data. */
export function fitsClientSideApply(text: string): boolean {
  return Buffer.byteLength(JSON.stringify(text)) + RESERVE <= ANNOTATIONS_LIMIT;
}

export function fitsConfigMap(text: string): boolean {
  return Buffer.byteLength(text) <= CONFIG_MAP_LIMIT;
}
