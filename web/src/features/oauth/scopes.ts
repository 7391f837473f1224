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

const knownClaims: Record<string, string> = {
  name: 'Your name',
  birthdate: 'Your date of birth',
  email: 'Your email address',
  email_verified: 'Whether your email address is confirmed',
  phone_number: 'Your phone number',
  phone_number_verified: 'Whether your phone number is confirmed',
  address: 'Your address',
  'verified:name': 'Your name, as your verified identity has it',
  'verified:birthdate': 'Your date of birth, as your verified identity has it',
};

/** One item of information in words. */
export const claimText = (claim: string): string => knownClaims[claim] ?? claim;

/** A scope in words that a person can decide on. */
export function scopeText(scope: string): string {
  return known[scope] ?? (scope.startsWith('authx:') ? `Act here with the permission “${scope.slice(6).replaceAll('_', ' ')}”` : scope);
}
