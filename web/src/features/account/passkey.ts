import { ApiFault } from '@/lib/api-fault';

/** The server's options in the JSON form of Web Authentication: what is binary is base64url there. */
export interface PasskeyOptions {
  public_key: {
    challenge: string;
    allowCredentials?: { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }[];
    excludeCredentials?: { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }[];
    user?: { id: string; name: string; displayName: string };
    [other: string]: unknown;
  };
}

export const passkeysWork = (): boolean => 'PublicKeyCredential' in window;

export async function conditionalWorks(): Promise<boolean> {
  if (!passkeysWork() || !('isConditionalMediationAvailable' in PublicKeyCredential)) return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

function decode(text: string): ArrayBuffer {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0)).buffer;
}

function encode(bytes: ArrayBuffer): string {
  let binary = '';
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const decodeIds = (list: PasskeyOptions['public_key']['allowCredentials']) => list?.map((item) => ({ ...item, id: decode(item.id) }));

/** What a browser says when a person cancels, or no passkey fits, tells them nothing. */
function refused(): ApiFault {
  return new ApiFault({ code: 'PASSKEY_REFUSED', message: 'No passkey was used. Try again, or use another way.' });
}

export async function getPasskey(options: PasskeyOptions['public_key'], signal?: AbortSignal) {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: decodeIds(options.allowCredentials),
  } as PublicKeyCredentialRequestOptions;
  const credential = await navigator.credentials
    .get(signal === undefined ? { publicKey } : { publicKey, signal, mediation: 'conditional' })
    .catch(() => null);
  if (!(credential instanceof PublicKeyCredential)) throw refused();
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    credential_id: credential.id,
    client_data: encode(response.clientDataJSON),
    authenticator_data: encode(response.authenticatorData),
    signature: encode(response.signature),
    user_handle: response.userHandle === null ? undefined : encode(response.userHandle),
  };
}

export async function createPasskey(options: PasskeyOptions['public_key']) {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    user: options.user && { ...options.user, id: decode(options.user.id) },
    excludeCredentials: decodeIds(options.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
  const credential = await navigator.credentials.create({ publicKey }).catch(() => null);
  if (!(credential instanceof PublicKeyCredential)) throw refused();
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    client_data: encode(response.clientDataJSON),
    attestation_object: encode(response.attestationObject),
    transports: response.getTransports(),
  };
}
