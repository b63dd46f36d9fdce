/** Who is who, proved by keys: the key directories with their pins, sign-in by key proof, sessions, portal codes. */
export { openDirectories } from './directories.ts';
export type { Directories, DirectoriesOptions } from './directories.ts';
export { directoryOfTenant, IdentityError, tenantOf } from './directory.ts';
export type {
  DirectoryId,
  DirectoryRefusal,
  DirectoryResult,
  IdentityErrorCode,
  LoadedDirectory,
} from './directory.ts';
export type { DirectoryPin, Pins } from './pins.ts';
export type { Authenticated, Principal, SessionRefusal, SignedIn } from './principal.ts';
export { openIdentity } from './sessions.ts';
export type { Identity, IdentityOptions } from './sessions.ts';
