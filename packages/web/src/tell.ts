import type { ShownEntry } from './entry.ts';
import { accessTellers } from './tell-access.ts';
import { accountTellers } from './tell-account.ts';
import { type Names, personOf, plain, refused, type Teller, type Told } from './told.ts';
import { at, text } from './words.ts';

const tellers: { readonly [type: string]: Teller } = { ...accessTellers, ...accountTellers };

const noNames: Names = new Map();

/** Tells what an entry says, whatever its content is. Without its content it is told by its type alone. */
export function tell(entry: ShownEntry, names: Names = noNames): Told {
  if (entry.stored === null) return refused('unreadable', 'This entry cannot be read.');
  const teller = Object.hasOwn(tellers, entry.type) ? tellers[entry.type] : undefined;
  if (teller === undefined) {
    return plain('other', `An entry of the type ${text(entry.type) ?? '?'}, which this page does not know.`);
  }
  const { payload } = entry;
  return teller({
    entry,
    payload,
    facts: at(payload, 'decided', 'facts'),
    person: (id, otherwise) => personOf(names, id, otherwise),
  });
}
