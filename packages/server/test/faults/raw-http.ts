import { connect } from 'node:net';

/** What came back on a connection that HTTP was not spoken properly on. */
export type RawAnswer = { readonly status: number; readonly head: string; readonly body: string };

/** Sends these bytes to the server as they are and reads until it closes, or until one whole answer is there. */
export function raw(http: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(http);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    const finish = (): void => {
      const end = text.indexOf('\r\n\r\n');
      const head = end < 0 ? text : text.slice(0, end);
      const body = end < 0 ? '' : text.slice(end + 4);
      resolve({ status: Number(head.split(' ')[1] ?? 0), head, body });
      socket.destroy();
    };
    socket.setTimeout(20_000, () => {
      reject(new Error(`No answer within 20 s; so far: ${text.slice(0, 200)}`));
      socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) finish();
    });
    socket.once('close', finish);
    // The server may close before it has read everything; what it said is what counts.
    socket.on('error', () => undefined);
    socket.write(bytes);
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return length !== undefined && Buffer.byteLength(text.slice(end + 4), 'latin1') >= Number(length);
}
