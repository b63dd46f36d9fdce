import { createServer, type Socket } from 'node:net';

/**
 * pgbench makes one connection more than it measures: it asks for the version, closes, and then begins. A one-time token
 * opens one connection only, so that first one goes here. The doorman speaks just enough of the protocol, without TLS
 * (pgbench runs with `sslmode=prefer`), and then closes its door: libpq goes on to the next host of its list, which is the
 * target. It sees no query, and no connection that is measured.
 */
export type Doorman = { readonly port: number; close(): Promise<void> };

const sslRequest = 80_877_103;

/** Opens a door for exactly one visitor. */
export function openDoor(): Promise<Doorman> {
  const server = createServer((socket) => {
    server.close(); // whoever comes next is refused by the kernel, and turns to the target
    greet(socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ port, close: () => new Promise((closed) => void server.close(() => closed())) });
    });
  });
}

function greet(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    const asks = bytes.length >= 8 ? bytes.readInt32BE(4) : 0;
    if (bytes[0] === 0x58)
      socket.end(); // Terminate
    else if (bytes[0] === 0x51)
      socket.write(Buffer.concat([message('C', Buffer.from('SELECT 0\0')), idle])); // Query
    else if (asks === sslRequest) socket.write('N');
    else socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ...greeting, idle]));
  });
}

function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const parameter = (name: string, value: string): Buffer => message('S', Buffer.from(`${name}\0${value}\0`));
const idle = message('Z', Buffer.from('I'));
const greeting = [
  parameter('server_version', '15.0'),
  parameter('client_encoding', 'UTF8'),
  parameter('standard_conforming_strings', 'on'),
  message('K', Buffer.alloc(8, 1)),
];
