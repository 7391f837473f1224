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

export type ProofMethod = 'passkey' | 'totp' | 'sms' | 'email' | 'face' | 'recovery_code';

/** The password was right; one of these finishes the sign-in. */
export interface FurtherProof {
  mfa_required: true;
  challenge_token: string;
  methods: ProofMethod[];
  /** Seconds */
  expires_in: number;
}

export const needsProof = (answer: LoginResult | FurtherProof): answer is FurtherProof => 'mfa_required' in answer;

export function enter({ access_token, user }: LoginResult) {
  beginSession({ token: access_token, user });
}

/** The browser keeps the session in a cookie that no script reads. */
export function login(data: LoginRequest): Promise<LoginResult | FurtherProof> {
  return call({ method: 'POST', url: '/auth/login', data: { ...data, cookie: true } });
}

/** A login that is complete begins the session. */
export const useLogin = () =>
  useMutation({
    mutationFn: login,
    onSuccess: (answer) => {
      if (!needsProof(answer)) enter(answer);
    },
  });
