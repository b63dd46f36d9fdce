import { createServer, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A server between the command and the real one that changes answers on their way. */
export type LyingProxy = {
  readonly url: string;
  /** Method and path of everything that came through. */
  readonly seen: readonly string[];
  readonly close: () => void;
};

/** Starts a proxy before `http`; `lie` is given the path and text of each answer and returns what is sent instead. */
export async function startLyingProxy(
  http: string,
  lie: (path: string, answer: string) => string,
): Promise<LyingProxy> {
  const seen: string[] = [];
  const server = createServer((asked, response) => {
    const { method = 'GET', url = '/' } = asked;
    seen.push(`${method} ${url}`);
    forward(http, asked).then(
      ({ status, type, answer }) =>
        response.writeHead(status, { 'content-type': type }).end(lie(url, answer), 'latin1'),
      (cause: unknown) => response.destroy(cause instanceof Error ? cause : new Error(String(cause))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    seen,
    close: () => void server.close(),
  };
}

/** Answers as latin1, which gives every byte of a tile back. The Host header stays the proxy's, so that key proofs made for it hold, as with a server that itself lies. */
function forward(http: string, asked: IncomingMessage): Promise<{ status: number; type: string; answer: string }> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', url = '/', headers } = asked;
    const onwards = request(`${http}${url}`, { method, headers }, (answered) => {
      const [status, type] = [answered.statusCode ?? 500, answered.headers['content-type'] ?? 'text/plain'];
      buffer(answered).then((answer) => resolve({ status, type, answer: answer.toString('latin1') }), reject);
    });
    onwards.on('error', reject);
    asked.pipe(onwards);
  });
}
