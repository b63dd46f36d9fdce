import { day, plus, plusCalendarMonths, type Instant } from './time.ts';

/** The two public lists of those who may come to see customer data (promises S25 to S27). */
export const subcontractorLists = ['online_services', 'commercial_support'] as const;

/** One of `subcontractorLists`. */
export type SubcontractorList = (typeof subcontractorLists)[number];

/** What an announced subcontractor may come to see. */
export const noticeDataClasses = ['customer_content', 'personal_data', 'support_data'] as const;

/** One of `noticeDataClasses`. */
export type NoticeDataClass = (typeof noticeDataClasses)[number];

/** A notice period: calendar months in UTC, clamped at the month's end, or days of 24 h. */
export type NoticePeriod =
  | { readonly unit: 'calendar_months'; readonly months: number }
  | { readonly unit: 'days'; readonly days: number };

const sixMonths: NoticePeriod = { unit: 'calendar_months', months: 6 };
const thirtyDays: NoticePeriod = { unit: 'days', days: 30 };
const fourteenDays: NoticePeriod = { unit: 'days', days: 14 };

/**
 * How long before a subcontractor is authorised its name has to have been published (DOMAIN section 1). A table, because the
 * period depends on the list *and* on the class of data. Support contractors see only what the customer shared (INV-102).
 */
export const noticePeriods: {
  readonly [List in SubcontractorList]: { readonly [Class in NoticeDataClass]: NoticePeriod };
} = {
  online_services: { customer_content: sixMonths, personal_data: thirtyDays, support_data: thirtyDays },
  commercial_support: { customer_content: fourteenDays, personal_data: fourteenDays, support_data: fourteenDays },
};

/** The first instant at which something published at `publishedAt` may be authorised. Exactly then it may, a millisecond earlier not (INV-98). */
export function noticeEndsAt(
  publishedAt: Instant,
  list: SubcontractorList,
  dataClasses: readonly NoticeDataClass[],
): Instant {
  const classes = dataClasses.length === 0 ? noticeDataClasses : dataClasses;
  // The longest period of all classes: whoever sees two classes has waited for both. No class named counts as every class.
  return Math.max(...classes.map((dataClass) => after(publishedAt, noticePeriods[list][dataClass]))) as Instant;
}

/** Holds once the notice has run out. */
export function noticeHasEnded(
  publishedAt: Instant,
  list: SubcontractorList,
  dataClasses: readonly NoticeDataClass[],
  now: Instant,
): boolean {
  return now >= noticeEndsAt(publishedAt, list, dataClasses);
}

function after(publishedAt: Instant, period: NoticePeriod): Instant {
  switch (period.unit) {
    case 'calendar_months':
      return plusCalendarMonths(publishedAt, period.months);
    case 'days':
      return plus(publishedAt, period.days * day);
  }
}
