const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function formatTime(iso: string | null | undefined): string {
  const at = iso == null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(at) ? '–' : dateTime.format(at);
}

/** `face_match` → `Face match`. */
export function humanize(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
