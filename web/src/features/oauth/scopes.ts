const known: Record<string, string> = {
  openid: 'Know that it is you',
  profile: 'Your name and date of birth',
  email: 'Your email address',
  phone: 'Your phone number',
  address: 'Your address',
  groups: 'The groups you belong to',
  verified_identity: 'Your verified identity: name, date of birth, which kind of document proved them, and when',
  offline_access: 'Keep this access when you are not signed in',
};

/** A scope in words that a person can decide on. */
export function scopeText(scope: string): string {
  return known[scope] ?? (scope.startsWith('authx:') ? `Act here with the permission “${scope.slice(6).replaceAll('_', ' ')}”` : scope);
}
