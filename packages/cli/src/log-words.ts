import { type Fields, fieldsOf, textOf, textOrNullOf } from './reading.ts';
import { plain, plainLines, time } from './words.ts';

/** An entry of a log in one line: number, time, what, which grant, and the first words of its content. */
export function logLine(entry: Fields): string {
  const parts = [
    String(entry['seq']).padStart(6),
    time(textOf(entry, 'time')),
    plain(textOf(entry, 'type')).padEnd(26),
    plain(textOrNullOf(entry, 'ref') ?? ''),
    summary(entry),
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** The content of an entry, or why there is none to show. */
export function payloadLines(entry: Fields): string {
  const { payload } = entry;
  if (payload === null || payload === undefined)
    return `The entry has ${noContent[textOf(entry, 'state')] ?? 'no content'}.`;
  return plainLines(JSON.stringify(payload, null, 2));
}

const noContent: { readonly [state: string]: string } = {
  none: 'no content',
  sealed: 'a content that nobody here can open',
  gone: 'a content that was erased; an erasure entry says why',
};

function summary(entry: Fields): string {
  const { payload } = entry;
  const answers =
    typeof entry['intent'] === 'number' ? `of ${entry['intent']}: ${plain(textOrNullOf(entry, 'outcome') ?? '')}` : '';
  if (payload === null || payload === undefined) return answers;
  const fields = fieldsOf(payload, 'payload');
  if (typeof fields['sql'] === 'string') return shortened(fields['sql']);
  if (answers !== '') return typeof fields['rows'] === 'number' ? `${answers}, ${fields['rows']} rows` : answers;
  return said(fields);
}

/** Who said what, if the content is a signed statement or names its author. */
function said({ statement, by }: Fields): string {
  if (typeof statement === 'object' && statement !== null) {
    const { document } = statement as { document?: unknown };
    if (typeof document === 'object' && document !== null) {
      const { decision, who, purpose } = document as Fields;
      return [decision, who, purpose]
        .filter((word) => typeof word === 'string')
        .map(plain)
        .join(' ');
    }
  }
  return typeof by === 'string' ? `by ${plain(by)}` : '';
}

function shortened(text: string): string {
  const line = plain(text.replace(/\s+/g, ' ').trim());
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
