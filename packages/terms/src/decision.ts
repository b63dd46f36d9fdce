import type { Refusal } from './refusal.ts';
import type { RequestEvent } from './transitions.ts';
import type { RequestState } from './request.ts';

/** A yes with what follows from it, or a no with its reason. Never an exception, never undefined. */
export type Decision<Following> = ({ readonly permit: true } & Following) | Refusal;

/** What a yes means for the state of the request: the event that the table takes, and where it leads. */
export type Step = { readonly event: RequestEvent; readonly next: RequestState };
