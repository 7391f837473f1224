import { useMutation } from '@tanstack/react-query';
import { enter, type FurtherProof, type LoginResult, type ProofMethod } from '@/features/account/api/login';
import { getPasskey, type PasskeyOptions } from '@/features/account/passkey';
import { call } from '@/lib/http';

interface Proof {
  challenge: FurtherProof;
  method: ProofMethod;
  /** Of every method but the passkey */
  code?: string;
}

async function prove({ challenge, method, code }: Proof): Promise<LoginResult> {
  const data = { challenge_token: challenge.challenge_token, method, cookie: true };
  if (method !== 'passkey') return call({ method: 'POST', url: '/auth/mfa/verify', data: { ...data, code } });
  const { public_key } = await call<PasskeyOptions>({
    method: 'POST',
    url: '/auth/mfa/passkey/options',
    data: { challenge_token: challenge.challenge_token },
  });
  const assertion = await getPasskey(public_key);
  return call({ method: 'POST', url: '/auth/mfa/verify', data: { ...data, ...assertion, user_handle: undefined } });
}

export const useProve = () => useMutation({ mutationFn: prove, onSuccess: enter });

export const useProveFace = () =>
  useMutation({
    mutationFn: ({ challenge, picture }: { challenge: FurtherProof; picture: Blob }) => {
      const data = new FormData();
      data.append('challenge_token', challenge.challenge_token);
      data.append('face_image', picture, 'face.jpg');
      return call<LoginResult>({ method: 'POST', url: '/auth/mfa/face', data });
    },
    onSuccess: enter,
  });

export const useSendCode = () =>
  useMutation({
    mutationFn: ({ challenge, method }: { challenge: FurtherProof; method: ProofMethod }) =>
      call<{ sent: true }>({ method: 'POST', url: '/auth/mfa/code', data: { challenge_token: challenge.challenge_token, method } }),
  });

export async function loginWithPasskey(signal?: AbortSignal): Promise<LoginResult> {
  const { public_key } = await call<PasskeyOptions>({ method: 'POST', url: '/auth/passkeys/login/options' });
  const assertion = await getPasskey(public_key, signal);
  return call({ method: 'POST', url: '/auth/passkeys/login', data: { ...assertion, cookie: true } });
}

export const usePasskeyLogin = () => useMutation({ mutationFn: () => loginWithPasskey(), onSuccess: enter });
