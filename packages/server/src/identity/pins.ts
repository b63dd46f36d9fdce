import type { DirectoryId } from './directory.ts';

/** What is known about a directory outside the database. */
export type Pin = {
  /** Statement hash of the genesis. Never changes. */
  readonly genesis: string;
  /** How many statements the directory had when it was last looked at, and the hash of the last: nothing may be cut off. */
  readonly position: number;
  readonly head: string;
};

/** The pins by directory. */
export type Pins = ReadonlyMap<DirectoryId, Pin>;

/** Reads `DIR/pins.json`; an absent file is no pins. Throws IdentityError `PINS_UNREADABLE` on anything malformed. */
export declare function readPins(dataDir: string): Promise<Pins>;
