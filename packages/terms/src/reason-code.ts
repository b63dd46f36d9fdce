/**
 * Why somebody asks, as a closed list (DESIGN section 3). A reason code says what set the access off; the *purpose* bounds
 * what may be done, and the *justification* is the text. Three fields, never merged.
 */
export const reasonCodes = [
  'customer_access',
  'customer_support',
  'operator_service',
  'operator_system',
  'operator_security_review',
  'production_alert',
  'legal_demand',
  'audit',
  'physical_maintenance',
] as const;

/** One of `reasonCodes`. */
export type ReasonCode = (typeof reasonCodes)[number];

/** Holds if `value` is on the closed list. */
export function isReasonCode(value: unknown): value is ReasonCode {
  return reasonCodes.some((code) => code === value);
}
