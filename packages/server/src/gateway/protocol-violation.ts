/**
 * Bytes that the PostgreSQL protocol does not allow where they came. Always ends the connection (promise: fail closed);
 * the sentence names lengths and types only, never content.
 */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
  readonly sqlstate: string;

  constructor(message: string, sqlstate = '08P01') {
    super(message);
    this.sqlstate = sqlstate;
  }
}
