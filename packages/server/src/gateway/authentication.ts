import type { HandshakeReader } from './handshake-reader.ts';
import type { ScramVerifier } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { type ScramMechanism, ScramServer, fakeVerifier, scramMechanisms } from './scram.ts';
import { BodyReader, int32, message, messageType, zeroEnded } from './wire.ts';
import { longestStartupPacket } from './startup-packet.ts';

/** What the login found: the credential that was proven, or null for every kind of failure alike. */
export type Authentication = { readonly credentialId: string; readonly channelBound: boolean } | null;

/**
 * The password exchange, SCRAM-SHA-256(-PLUS) only. An unknown user goes the same way with a made-up verifier, so that
 * neither messages nor their number nor their time tell whether a grant exists. Anything but the expected message is a
 * violation; a second startup packet is one too (PgBouncer CVE-2026-107350).
 */
export async function authenticate(options: {
  readonly reader: HandshakeReader;
  readonly send: (bytes: Buffer) => void;
  readonly verifier: ScramVerifier | null;
  readonly user: string;
  readonly fakeSecret: Uint8Array;
  readonly channelBinding: Uint8Array;
  readonly nonce: Uint8Array;
}): Promise<Authentication> {
  const { reader, send, verifier } = options;
  send(message(messageType.authentication, int32(10), ...scramMechanisms.map(zeroEnded), Buffer.of(0)));

  const initial = await readPassword(reader);
  const fields = new BodyReader(initial, 0, initial.length);
  const mechanism = fields.text();
  const first = fields.take(fields.int32());
  fields.done();
  if (!isMechanism(mechanism))
    throw new ProtocolViolation('The login must use SCRAM-SHA-256 or SCRAM-SHA-256-PLUS.', '28000');
  const scram = new ScramServer({
    mechanism,
    verifier: verifier ?? fakeVerifier(options.fakeSecret, options.user),
    genuine: verifier !== null,
    channelBinding: options.channelBinding,
    nonce: options.nonce,
  });
  send(message(messageType.authentication, int32(11), scram.first(first.toString('latin1'))));

  const final = await readPassword(reader);
  const end = scram.final(final.toString('latin1'));
  if (!end.proven) return null;
  send(message(messageType.authentication, int32(12), end.serverFinal));
  send(message(messageType.authentication, int32(0)));
  return { credentialId: verifier?.credentialId ?? '', channelBound: mechanism === 'SCRAM-SHA-256-PLUS' };
}

async function readPassword(reader: HandshakeReader): Promise<Buffer> {
  const header = await reader.take(5);
  const length = header.readUInt32BE(1);
  if (header[0] !== messageType.password)
    throw new ProtocolViolation('A password message was expected; something else came.');
  if (length < 4 || length > longestStartupPacket)
    throw new ProtocolViolation(`A password message gives its length as ${length}.`);
  return reader.take(length - 4);
}

function isMechanism(name: string): name is ScramMechanism {
  return (scramMechanisms as readonly string[]).includes(name);
}
