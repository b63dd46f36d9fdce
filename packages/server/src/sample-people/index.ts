/** The sample people of `--sample`: who they are, and their keys. */
export { setUpSamplePeople } from './set-up.ts';
export type { SamplePeopleOptions } from './set-up.ts';
