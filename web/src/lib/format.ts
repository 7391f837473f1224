const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function formatTime(iso: string | null | undefined): string {
  const at = iso == null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(at) ? '–' : dateTime.format(at);
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeZone: 'UTC' });

/** A calendar date (YYYY-MM-DD) in the reader's words; anything else as it is. */
export function formatDate(date: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? day.format(Date.parse(date)) : date;
}

/** `face_match` → `Face match`. */
export function humanize(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
