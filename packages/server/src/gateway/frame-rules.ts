import { messageType as m } from './wire.ts';

/** The longest message of each type that a client may send in a session; 0 where the type may not come. */
export function longestFromClient(type: number, most: number): number {
  switch (type) {
    case m.query:
    case m.parse:
    case m.bind:
    case m.functionCall:
    case m.copyData:
      return most;
    case m.copyFail:
      return 8192;
    case m.execute:
    case m.describe:
    case m.close:
      return 1024;
    case m.sync:
    case m.flush:
    case m.terminate:
    case m.copyDone:
      return 4;
    default:
      return 0;
  }
}

/** The longest message of each type that is taken from a source; rows are passed on in pieces. */
export function longestFromBackend(type: number): number {
  switch (type) {
    case m.dataRow:
    case m.copyData:
      return 1024 * 1024 * 1024;
    case m.rowDescription:
    case m.parameterDescription:
      return 4 * 1024 * 1024;
    default:
      return 1024 * 1024;
  }
}
