import { CliFailure } from './failure.ts';

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;

/**
 * Reads a duration as people write it: `2h`, `90m`, `1h30m`, `1d`. Whole numbers only, each unit once and from large to
 * small, so that a slip of the hand is refused instead of guessed.
 */
export function parseDuration(text: string, flag: string): number {
  const found = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?$/.exec(text);
  const [days, hours, minutes] = [found?.[1], found?.[2], found?.[3]].map((part) => Number(part ?? 0));
  const total = (days ?? 0) * unitMs.d + (hours ?? 0) * unitMs.h + (minutes ?? 0) * unitMs.m;
  if (found !== null && total > 0) return total;
  throw new CliFailure(
    'duration_invalid',
    `${flag} is ${JSON.stringify(text)}; expected a time such as 2h, 90m, 1h30m or 1d.`,
    2,
  );
}

/** A duration in words: `2 h`, `1 h 30 min`, `45 s`. Rounded to seconds. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return said.length === 0 ? '0 s' : said.join(' ');
}
