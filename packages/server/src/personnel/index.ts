/** Who works for the operator and its suppliers, under whom, and what they may ask for, at any time since the start. */
export { openPersonnel } from './commands.ts';
export type { Personnel, PersonnelOptions } from './commands.ts';
export { personnelRoles } from './person.ts';
export type {
  HeldEligibility,
  NewPerson,
  PersonChange,
  PersonFacts,
  PersonnelRefusal,
  PersonnelResult,
  PersonnelRole,
  PersonRecord,
  RecordKeeper,
} from './person.ts';
