import type { RegisterRequest } from '@/features/account/api/register';

/** What can be said about a registration before the server sees it; the server decides. */
export function checkRegistration({ name, email, password }: RegisterRequest): Record<string, string> {
  const faults: Record<string, string> = {};
  if (name === '') faults.name = 'Enter your name as it stands on your document.';
  if (!/^\S+@\S+$/.test(email)) faults.email = 'Enter your email address, like name@example.com.';
  if (password !== undefined) Object.assign(faults, checkPassword(password));
  return faults;
}

export function checkPassword(password: string): Record<string, string> {
  return password.length < 8 ? { password: 'Use at least 8 characters.' } : {};
}
