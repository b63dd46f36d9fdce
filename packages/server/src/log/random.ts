/** Draws that many bytes of cryptographic randomness. An argument, so that tests can steer it. */
export type Random = (count: number) => Uint8Array;
