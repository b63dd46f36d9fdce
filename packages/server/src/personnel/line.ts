import type { Instant, Oversight } from '@gatehouse/terms';

/** From `validFrom` on `person` works under `manager`, until the next version of the same person says otherwise. */
export type Link = {
  readonly person: string;
  readonly version: number;
  readonly validFrom: Instant;
  readonly manager: string | null;
};

/** Lines longer than this are cut: no organisation is so deep. A loop in edited rows ends where it closes. */
const lineMost = 32;

/** The managers of `person` from the direct one upwards, as they were at `at` (INV-31). */
export function lineAt(links: readonly Link[], person: string, at: Instant): readonly string[] {
  const line: string[] = [];
  let below = person;
  while (line.length < lineMost) {
    const manager = managerAt(links, below, at);
    if (manager === null || manager === person || line.includes(manager)) break;
    line.push(manager);
    below = manager;
  }
  return line;
}

/**
 * The same line with since when each has been in it without a break. Who stays above through a reorganisation keeps
 * standing there; who came by it did so only then, and cannot decide on what was raised before.
 */
export function oversightAt(links: readonly Link[], person: string, at: Instant): readonly Oversight[] {
  const line = lineAt(links, person, at);
  const since = new Map<string, Instant>();
  let unbroken = new Set(line);
  for (const changedAt of changesBefore(links, at)) {
    const then = new Set(lineAt(links, person, changedAt));
    unbroken = new Set([...unbroken].filter((manager) => then.has(manager)));
    for (const manager of unbroken) since.set(manager, changedAt);
    if (unbroken.size === 0) break;
  }
  return line.map((manager) => ({ person: manager, since: since.get(manager) ?? at }));
}

function managerAt(links: readonly Link[], person: string, at: Instant): string | null {
  let newest: Link | null = null;
  for (const link of links) {
    if (link.person !== person || link.validFrom > at) continue;
    if (newest === null || link.version > newest.version) newest = link;
  }
  return newest?.manager ?? null;
}

/** The instants at which some record began to hold, up to `at`, the latest first. */
function changesBefore(links: readonly Link[], at: Instant): readonly Instant[] {
  const times = new Set(links.filter((link) => link.validFrom <= at).map((link) => link.validFrom));
  return [...times].sort((a, b) => b - a);
}
