import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import type { ShownEntry } from './entry.ts';
import { EntryItem } from './entry-item.tsx';
import { Paged } from './paged.tsx';
import { storiesOf } from './story.ts';
import { StoryCard } from './story-card.tsx';
import { namesIn } from './told.ts';
import { count } from './words.ts';

const views = ['accesses', 'account', 'every entry'] as const;

/** The three ways to read a log: access by access, what is about the account, and entry by entry. */
export type View = (typeof views)[number];

/** What is looked at. `entry` is the one to be brought into sight, if one was asked for. */
export type Place = { readonly view: View; readonly page: number; readonly entry: number | null };

const storiesPerPage = 10;
const entriesPerPage = 50;

/** The entries of a log, so that nobody has to read all of them and everybody can reach each by its number. */
export function LogView(props: {
  readonly entries: readonly ShownEntry[];
  readonly place: Place;
  readonly goTo: (place: Place) => void;
}): ReactNode {
  const { entries, place, goTo } = props;
  const names = useMemo(() => namesIn(entries), [entries]);
  const stories = useMemo(() => storiesOf(entries, names), [entries, names]);
  const newestFirst = useMemo(() => entries.toReversed(), [entries]);
  const account = useMemo(() => newestFirst.filter(({ ref }) => ref === null), [newestFirst]);
  const list = useRef<HTMLDivElement>(null);
  const amounts = { accesses: stories.length, account: account.length, 'every entry': entries.length };

  useEffect(() => {
    if (place.entry === null) return;
    list.current?.querySelector<HTMLElement>(`[data-seq="${place.entry}"]`)?.focus();
  }, [place]);

  const turnTo = (page: number): void => {
    goTo({ ...place, page, entry: null });
    list.current?.focus();
  };
  const entryList = (shown: readonly ShownEntry[]): ReactNode => (
    <ol className="entries">
      {shown.map((entry) => (
        <EntryItem key={entry.seq} entry={entry} names={names} />
      ))}
    </ol>
  );
  return (
    <section aria-label="The log">
      <div className="ways">
        <nav aria-label="Ways to read the log">
          {views.map((view) => (
            <button
              key={view}
              type="button"
              aria-current={place.view === view ? 'true' : undefined}
              onClick={() => goTo({ view, page: 0, entry: null })}
            >
              {title[view]} ({count(amounts[view])})
            </button>
          ))}
        </nav>
        <GoToEntry size={entries.length} goTo={(seq) => goTo(placeOf(seq, entries.length))} />
      </div>
      <div ref={list} tabIndex={-1} role="group" aria-label={title[place.view]}>
        <h2>{title[place.view]}</h2>
        {place.view === 'accesses' ? (
          <Paged things={stories} perPage={storiesPerPage} page={place.page} turnTo={turnTo} noun="Accesses">
            {(shown) =>
              shown.length === 0 ? (
                <p>Nobody has asked for access to your data, and nobody has had any.</p>
              ) : (
                shown.map((story) => <StoryCard key={story.ref} story={story} names={names} />)
              )
            }
          </Paged>
        ) : (
          <Paged
            things={place.view === 'account' ? account : newestFirst}
            perPage={entriesPerPage}
            page={place.page}
            turnTo={turnTo}
            noun="Entries"
          >
            {entryList}
          </Paged>
        )}
      </div>
    </section>
  );
}

const title: { readonly [view in View]: string } = {
  accesses: 'Accesses',
  account: 'Account',
  'every entry': 'Every entry',
};

/** Where the entry of that number is, in a log of `size` entries. */
export function placeOf(seq: number, size: number): Place {
  return { view: 'every entry', page: Math.floor((size - 1 - seq) / entriesPerPage), entry: seq };
}

function GoToEntry({ size, goTo }: { readonly size: number; readonly goTo: (seq: number) => void }): ReactNode {
  return (
    <form
      className="go"
      onSubmit={(event) => {
        event.preventDefault();
        const seq = Number(new FormData(event.currentTarget).get('seq'));
        if (Number.isInteger(seq) && seq >= 0 && seq < size) goTo(seq);
      }}
    >
      <label htmlFor="seq">Entry No.</label>
      <input id="seq" name="seq" type="number" min={0} max={Math.max(0, size - 1)} step={1} required />
      <button type="submit">Show</button>
    </form>
  );
}
