export type { CompartmentsOptions, PublishedKey } from './compartments.ts';
export {
  type Custodian,
  type CustodianOptions,
  type Opening,
  openCustodian,
  type Right,
  type SealedPayload,
} from './custodian.ts';
export { CustodianError, type CustodianErrorCode } from './errors.ts';
export type { Envelope } from '@gatehouse/verifier';
export { type Opened, openPayload, type Sealed, type SealingKey, sealPayload } from './payload.ts';
export type { Random } from './random.ts';
export {
  type PublishedSealingKey,
  type SealingKeyPurpose,
  sealingSuite,
  unwrapSealingKey,
  wrapSealingKey,
} from './sealing-key.ts';
