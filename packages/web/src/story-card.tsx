import { memo, type ReactNode, useState } from 'react';
import { EntryItem } from './entry-item.tsx';
import type { Story } from './story.ts';
import type { Names } from './told.ts';
import { count, counted } from './words.ts';

/** An access with thousands of statements shows so many entries first. */
const entriesAtFirst = 50;

/** One access: who asked, why, who approved, what was read, how it ended, and every entry about it. */
export const StoryCard = memo(function StoryCard(props: { readonly story: Story; readonly names: Names }): ReactNode {
  const { story, names } = props;
  const [open, setOpen] = useState(false);
  const [shown, setShown] = useState(entriesAtFirst);
  const { entries } = story;
  const faults = entries.filter((entry) => entry.faults.length > 0);
  return (
    <article className="story" aria-labelledby={`access-${story.ref}`}>
      <h3 id={`access-${story.ref}`}>
        {story.title} <span className={`word ${story.state.weight}`}>{story.state.word}</span>
      </h3>
      {faults.length > 0 && (
        <p className="fault">Does not hold: {faults.map(({ seq }) => `entry ${count(seq)}`).join(', ')}.</p>
      )}
      <dl>
        <dt>Asked</dt>
        <dd>{story.asked}</dd>
        <dt>Why</dt>
        <dd>
          {story.why ?? 'Not open here.'}
          {story.justification !== null && <q dir="auto">{story.justification}</q>}
        </dd>
        <dt>Approved</dt>
        <dd>
          {story.approved.length === 0
            ? 'By nobody.'
            : story.approved.map((approval) => <p key={approval}>By {approval}.</p>)}
        </dd>
        <dt>Read</dt>
        <dd>{story.read}</dd>
        <dt>Ended</dt>
        <dd>{story.ended}</dd>
      </dl>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          Step by step: {counted(entries.length, 'entry', 'entries')}, No. {count(entries[0]?.seq ?? 0)} to{' '}
          {count(entries.at(-1)?.seq ?? 0)}
        </summary>
        {open && (
          <ol className="entries">
            {entries.slice(0, shown).map((entry) => (
              <EntryItem key={entry.seq} entry={entry} names={names} />
            ))}
          </ol>
        )}
        {open && entries.length > shown && (
          <button type="button" onClick={() => setShown(shown + entriesAtFirst * 4)}>
            Show more: {counted(entries.length - shown, 'entry is', 'entries are')} left
          </button>
        )}
      </details>
    </article>
  );
});
