/** Everything that can be wrong at the custodian, one stable code each. */
export type CustodianErrorCode =
  | 'ROOT_KEY_UNUSABLE'
  | 'COMPARTMENT_UNUSABLE'
  | 'COMPARTMENT_UNKNOWN'
  | 'SEALING_KEY_MALFORMED'
  | 'SEALING_KEY_NOT_OURS'
  | 'SEALING_KEY_FAILS'
  | 'ENVELOPE_MALFORMED'
  | 'ENVELOPE_FAILS'
  | 'ENVELOPE_NOT_OF_ENTRY'
  | 'PAYLOAD_TOO_LARGE'
  | 'RIGHT_NOT_RECORDED';

/**
 * A fault of the custodian. `message` is one plain sentence: what was found, what was expected, what to do. It never
 * holds a key or what was sealed.
 */
export class CustodianError extends Error {
  readonly code: CustodianErrorCode;

  constructor(code: CustodianErrorCode, sentence: string, more: { cause?: unknown } = {}) {
    super(sentence, more);
    this.name = 'CustodianError';
    this.code = code;
  }
}
