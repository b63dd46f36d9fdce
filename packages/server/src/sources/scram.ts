import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * What PostgreSQL stores for a password (RFC 5802, RFC 7677): so the password itself is in no statement and no log of the
 * source. 4096 rounds: it is 256 random bits, and more rounds protect only what can be guessed.
 */
export async function scramVerifier(password: string, salt: Uint8Array): Promise<string> {
  const rounds = 4096;
  const salted = await promisify(pbkdf2)(password, salt, rounds, 32, 'sha256');
  const client = createHmac('sha256', salted).update('Client Key').digest();
  const stored = createHash('sha256').update(client).digest('base64');
  const server = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${rounds}:${Buffer.from(salt).toString('base64')}$${stored}:${server}`;
}
