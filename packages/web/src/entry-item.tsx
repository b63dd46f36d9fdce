import { memo, type ReactNode, useState } from 'react';
import type { ShownEntry } from './entry.ts';
import { tell } from './tell.ts';
import type { Names } from './told.ts';
import { count, harmless, moment } from './words.ts';

/** An entry of the log as a sentence, with its number, its time and, on demand, everything in it. */
export const EntryItem = memo(function EntryItem(props: {
  readonly entry: ShownEntry;
  readonly names: Names;
}): ReactNode {
  const { entry, names } = props;
  const told = tell(entry, names);
  return (
    <li className={entry.faults.length > 0 ? 'entry faulty' : 'entry'} data-seq={entry.seq} tabIndex={-1}>
      <p className="margin">
        <span className="seq">No. {count(entry.seq)}</span>{' '}
        {entry.time === null ? <span>no time</span> : <time dateTime={entry.time}>{moment(entry.time)}</time>}{' '}
        <span className={`word ${told.weight}`}>{told.word}</span>
      </p>
      <div className="told">
        <p>{told.sentence}</p>
        {typeof told.quote === 'string' && (
          <pre dir="auto" className="quote">
            {told.quote}
          </pre>
        )}
        {entry.faults.map((fault) => (
          <p key={fault} className="fault">
            Does not hold: {harmless(fault)}
          </p>
        ))}
        {closed[entry.state] !== undefined && <p className="closed">{closed[entry.state]}</p>}
        {entry.stored !== null && <Everything entry={entry} />}
      </div>
    </li>
  );
});

const closed: { readonly [state: string]: string } = {
  sealed: 'The content was not shown to you. The entry stands, with the fingerprint of its content.',
  erased: 'The content was erased, as an erasure entry says. The entry stands.',
  changed: 'A content was shown that this entry did not commit to. It is left out.',
  unfetched: 'The content is not opened yet: open older ones above.',
};

/** More characters than this are left to the command line. */
const everythingMost = 70_000;

function Everything({ entry }: { readonly entry: ShownEntry }): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <details className="everything" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Everything in entry {count(entry.seq)}, of the type {harmless(entry.type)}
      </summary>
      {open && (
        <>
          <p>As stored in the log:</p>
          <pre>{json(entry.stored)}</pre>
          {entry.payload !== null && (
            <>
              <p>Its content:</p>
              <pre>{json(entry.payload)}</pre>
            </>
          )}
        </>
      )}
    </details>
  );
}

function json(value: unknown): string {
  const whole = harmless(JSON.stringify(value, null, 2));
  return whole.length <= everythingMost
    ? whole
    : `${whole.slice(0, everythingMost)}\n… cut here. Read the rest with: gatehouse log show --seq N`;
}
