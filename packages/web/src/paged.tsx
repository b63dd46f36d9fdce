import { type ReactNode, useId } from 'react';
import { count } from './words.ts';

/** Shows one page of many things, with the way to the others. `page` counts from 0 and may be out of range. */
export function Paged<Thing>(props: {
  readonly things: readonly Thing[];
  readonly perPage: number;
  readonly page: number;
  readonly turnTo: (page: number) => void;
  /** What the things are, many of them. */
  readonly noun: string;
  readonly children: (shown: readonly Thing[]) => ReactNode;
}): ReactNode {
  const { things, perPage, turnTo, noun, children } = props;
  const heading = useId();
  const last = Math.max(0, Math.ceil(things.length / perPage) - 1);
  const page = Math.min(Math.max(0, props.page), last);
  const from = page * perPage;
  const shown = things.slice(from, from + perPage);
  return (
    <>
      {children(shown)}
      {last > 0 && (
        <nav className="pager" aria-labelledby={heading}>
          <button type="button" disabled={page === 0} onClick={() => turnTo(page - 1)}>
            Newer
          </button>
          <span id={heading}>
            {noun} {count(from + 1)} to {count(from + shown.length)} of {count(things.length)}, newest first
          </span>
          <button type="button" disabled={page === last} onClick={() => turnTo(page + 1)}>
            Older
          </button>
        </nav>
      )}
    </>
  );
}
