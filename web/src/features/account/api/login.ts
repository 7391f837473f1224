import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';
import { beginSession, type SessionUser } from '@/lib/session';

export interface LoginRequest {
  email: string;
  password: string;
}

export interface LoginResult {
  access_token: string;
  token_type: 'bearer';
  /** Seconds */
  expires_in: number;
  user: SessionUser;
}

export function login(data: LoginRequest): Promise<LoginResult> {
  return call({ method: 'POST', url: '/auth/login', data });
}

/** A successful login begins the session. */
export const useLogin = () =>
  useMutation({
    mutationFn: login,
    onSuccess: ({ access_token, user }) => beginSession({ token: access_token, user }),
  });
