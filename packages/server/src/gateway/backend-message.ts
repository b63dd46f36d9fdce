import { BodyReader, message, messageType, zeroEnded } from './wire.ts';

/** What the gateway keeps of an ErrorResponse or NoticeResponse. A hostile backend may leave out any field. */
export type BackendError = {
  readonly severity: string;
  readonly sqlstate: string;
  readonly text: string;
  readonly position: string | null;
};

/** Reads the fields of an ErrorResponse or NoticeResponse. Unknown fields are skipped, absent ones have a default. */
export function readError(bytes: Buffer, start: number, end: number): BackendError {
  const reader = new BodyReader(bytes, start + 5, end);
  let severity = 'ERROR';
  let sqlstate = 'XX000';
  let text = '';
  let position: string | null = null;
  for (let field = reader.byte(); field !== 0; field = reader.byte()) {
    const value = reader.text();
    if (field === 0x53 && severity === 'ERROR') severity = value;
    else if (field === 0x56) severity = value;
    else if (field === 0x43 && /^[0-9A-Z]{5}$/.test(value)) sqlstate = value;
    else if (field === 0x4d) text = value;
    else if (field === 0x50 && /^[0-9]{1,9}$/.test(value)) position = value;
  }
  reader.done();
  return { severity: /^[A-Z0-9]{1,16}$/.test(severity) ? severity : 'ERROR', sqlstate, text, position };
}

/**
 * Classes whose sentences are about the statement, the rights or the server, and not about rows. Every other class (22
 * data exception, 23 integrity constraint, P0 raised by code, XX internal, …) can quote a value, so its sentence is
 * replaced and never edited: editing is a race against whoever words the next message (Bytebase issue 19371).
 */
const plainClasses = new Set('00 01 02 03 08 0A 0B 0L 0P 21 24 25 26 28 2D 34 3B 3D 3F 40 42 53 54 55 57'.split(' '));

/** The message that the client gets: DETAIL, HINT, CONTEXT and every name of an object are left out. */
export function cleanError(error: BackendError, notice: boolean): Buffer {
  const plain = plainClasses.has(error.sqlstate.slice(0, 2)) && (!notice || error.sqlstate !== '00000');
  const fields = [
    `S${error.severity}`,
    `V${error.severity}`,
    `C${error.sqlstate}`,
    `M${plain ? error.text : fixed(error.sqlstate)}`,
  ];
  if (error.position !== null) fields.push(`P${error.position}`);
  const type = notice ? messageType.noticeResponse : messageType.errorResponse;
  return message(type, ...fields.map(zeroEnded), Buffer.of(0));
}

function fixed(sqlstate: string): string {
  switch (sqlstate.slice(0, 2)) {
    case '22':
      return 'A value does not fit what the statement does with it; the value is not repeated here.';
    case '23':
      return 'A row breaks a constraint; neither is named here.';
    default:
      return 'The source reported an error whose text may hold data, so it is not repeated here.';
  }
}

/** The column names of a RowDescription. */
export function columnNames(bytes: Buffer, start: number, end: number): string[] {
  const reader = new BodyReader(bytes, start + 5, end);
  const names: string[] = [];
  for (let left = reader.uint16(); left > 0; left -= 1) {
    names.push(reader.text());
    reader.take(18);
  }
  reader.done();
  return names;
}

/** The name and the value of a ParameterStatus. */
export function readParameter(bytes: Buffer, start: number, end: number): { name: string; value: string } {
  const reader = new BodyReader(bytes, start + 5, end);
  const parameter = { name: reader.text(), value: reader.text() };
  reader.done();
  return parameter;
}

/**
 * Null, or why a session cannot go on after the backend has reported this setting: with it the backend would read the
 * text of a statement in another way than the policy did (GATEWAY section 3, 11).
 */
export function lexingChange(name: string, value: string): string | null {
  if (name === 'standard_conforming_strings' && value !== 'on')
    return 'The source reads strings in the old way (standard_conforming_strings is off).';
  if (name === 'client_encoding' && value !== 'UTF8') return 'The source uses another client_encoding than UTF8.';
  return null;
}
