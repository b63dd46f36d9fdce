import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ScramClient } from './scram-client.ts';
import { ScramServer } from './scram.ts';

const salt = Buffer.alloc(16, 3);

function server(password: string): ScramServer {
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return new ScramServer({
    mechanism: 'SCRAM-SHA-256',
    verifier: {
      credentialId: 'c',
      salt,
      iterations: 4096,
      storedKey: createHash('sha256').update(clientKey).digest(),
      serverKey: createHmac('sha256', salted).update('Server Key').digest(),
    },
    genuine: true,
    channelBinding: Buffer.alloc(0),
    nonce: randomBytes(18),
  });
}

describe('SCRAM towards the source', () => {
  it('proves the password and takes the proof of a server that knows it', async () => {
    const client = new ScramClient('secret', randomBytes(24));
    const source = server('secret');
    const end = source.final(await client.final(source.first(client.first())));
    expect(end.proven).toBe(true);
    expect(() => client.verify(end.proven ? end.serverFinal : '')).not.toThrow();
  });

  it('refuses a server that does not know the password, and any proof before the exchange', async () => {
    const client = new ScramClient('secret', randomBytes(24));
    expect(() => client.verify(`v=${Buffer.alloc(32).toString('base64')}`)).toThrow(/did not prove/);
    const source = server('other');
    expect(source.final(await client.final(source.first(client.first()))).proven).toBe(false);
    expect(() => client.verify(`v=${Buffer.alloc(32).toString('base64')}`)).toThrow(/did not prove/);
  });

  it.each([
    ['a nonce that does not begin with ours', (_nonce: string) => `r=other,s=AAAA,i=4096`, /continue the SCRAM nonce/],
    ['our nonce with nothing added', (nonce: string) => `r=${nonce},s=AAAA,i=4096`, /continue the SCRAM nonce/],
    ['100001 iterations', (nonce: string) => `r=${nonce}x,s=AAAA,i=100001`, /100001 SCRAM iterations/],
    ['4095 iterations', (nonce: string) => `r=${nonce}x,s=AAAA,i=4095`, /4095 SCRAM iterations/],
    ['2^31 iterations', (nonce: string) => `r=${nonce}x,s=AAAA,i=2147483648`, /SCRAM iterations/],
    ['a number of iterations that is none', (nonce: string) => `r=${nonce}x,s=AAAA,i=-1`, /not one/],
    ['a nonce of kilobytes', (nonce: string) => `r=${nonce}${'n'.repeat(2000)},s=AAAA,i=4096`, /not one/],
    ['an extension that must be understood', (nonce: string) => `m=x,r=${nonce}x,s=AAAA,i=4096`, /not one/],
  ])('refuses a server that sends %s, before any work', async (_what, answer, why) => {
    const client = new ScramClient('secret', Buffer.alloc(24, 1));
    const nonce = Buffer.alloc(24, 1).toString('base64');
    await expect(client.final(answer(nonce))).rejects.toThrow(why);
  });
});
