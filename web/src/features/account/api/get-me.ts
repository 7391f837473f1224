import { useQuery } from '@tanstack/react-query';
import { call } from '@/lib/http';
import type { Role } from '@/lib/session';

export interface Me {
  id: string;
  name: string;
  email: string;
  phone: string | null;
  /** YYYY-MM-DD */
  dob: string | null;
  address: string | null;
  role: Role;
  email_verified: boolean;
  created_at: string;
}

export function getMe(): Promise<Me> {
  return call({ url: '/users/me' });
}

export const useMe = () => useQuery({ queryKey: ['me'], queryFn: getMe });
