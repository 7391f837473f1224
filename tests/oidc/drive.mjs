// Plays one relying party with openid-client, a certified library: `node drive.mjs SCENARIO JSON`, an answer as JSON on stdout.
// The person's part (sign in, consent) is played through the product's own API with the access token that the test passes.
import * as oidc from 'openid-client';

const [scenario, text] = process.argv.slice(2);
const given = JSON.parse(text);
const insecure = { execute: [oidc.allowInsecureRequests] };

function authentication() {
  if (given.method === 'none') return oidc.None();
  if (given.method === 'client_secret_post') return oidc.ClientSecretPost(given.secret);
  return oidc.ClientSecretBasic(given.secret);
}

const configuration = () =>
  oidc.discovery(new URL(given.issuer), given.client, { id_token_signed_response_alg: given.algorithm ?? 'ES256' }, authentication(), insecure);

async function person(path, body) {
  const answer = await fetch(given.issuer + '/v1' + path, {
    method: 'POST',
    headers: { Authorization: 'Bearer ' + given.token, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { success, data, error } = await answer.json();
  if (!success) throw new Error(`${path}: ${JSON.stringify(error)}`);
  return data;
}

/** Follows the authorization endpoint to the consent page, and decides there. */
async function decide(url, approve = true) {
  const answer = await fetch(url, { redirect: 'manual' });
  const location = answer.headers.get('location');
  if (answer.status !== 302) throw new Error(`${answer.status}: ${await answer.text()}`);
  const handle = new URLSearchParams(new URL(location).hash.slice(1)).get('request');
  if (handle === null) return { to: new URL(location) };
  const asked = await person('/oauth/requests/look', { request: handle });
  const { redirect_to } = await person('/oauth/requests/decide', { request: handle, approve });
  return { asked, to: new URL(redirect_to) };
}

async function enter(config, { pushed = false, dpop } = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const nonce = oidc.randomNonce();
  const state = oidc.randomState();
  const parameters = {
    redirect_uri: given.redirect,
    scope: given.scope ?? 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
    ...given.more,
  };
  const options = dpop === undefined ? undefined : { DPoP: dpop };
  const url = pushed ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, options) : oidc.buildAuthorizationUrl(config, parameters);
  const { asked, to } = await decide(url);
  const tokens = await oidc.authorizationCodeGrant(
    config,
    to,
    { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true },
    given.tokenMore,
    options,
  );
  return { asked, to: to.href, tokens, claims: tokens.claims() };
}

const scenarios = {
  async code() {
    const config = await configuration();
    const entered = await enter(config);
    const userinfo = await oidc.fetchUserInfo(config, entered.tokens.access_token, entered.claims.sub);
    const refreshed = entered.tokens.refresh_token === undefined ? undefined : await oidc.refreshTokenGrant(config, entered.tokens.refresh_token);
    return { ...entered, userinfo, refreshed };
  },
  async par() {
    return enter(await configuration(), { pushed: true });
  },
  async dpop() {
    const config = await configuration();
    const keys = await oidc.randomDPoPKeyPair(given.dpopAlgorithm ?? 'ES256');
    const dpop = oidc.getDPoPHandle(config, keys);
    const entered = await enter(config, { pushed: given.pushed, dpop });
    const userinfo = await oidc.fetchUserInfo(config, entered.tokens.access_token, entered.claims.sub, { DPoP: dpop });
    const refreshed = await oidc.refreshTokenGrant(config, entered.tokens.refresh_token, undefined, { DPoP: dpop });
    let stolen = 'accepted';
    const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    await oidc.fetchUserInfo(config, refreshed.access_token, entered.claims.sub, { DPoP: thief }).catch((e) => {
      stolen = e.code;
    });
    let stolenRefresh = 'accepted';
    await oidc.refreshTokenGrant(config, refreshed.refresh_token, undefined, { DPoP: thief }).catch((e) => {
      stolenRefresh = e.error;
    });
    const after = await oidc.refreshTokenGrant(config, refreshed.refresh_token, undefined, { DPoP: dpop });
    return { ...entered, userinfo, refreshed, stolen, stolenRefresh, after };
  },
  async credentials() {
    const config = await configuration();
    const tokens = await oidc.clientCredentialsGrant(config, given.more ?? {});
    const introspected = await oidc.tokenIntrospection(config, tokens.access_token);
    await oidc.tokenRevocation(config, tokens.access_token);
    const after = await oidc.tokenIntrospection(config, tokens.access_token);
    return { tokens, introspected, after };
  },
  async device() {
    const config = await configuration();
    const started = await oidc.initiateDeviceAuthorization(config, { scope: given.scope ?? 'openid profile' });
    const asked = await person('/oauth/devices/look', { user_code: started.user_code.toLowerCase() });
    await person('/oauth/devices/decide', { user_code: started.user_code, approve: given.approve ?? true });
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.1 }).catch((e) => ({ error: e.error }));
    return { started, asked, tokens };
  },
  async logout() {
    const config = await configuration();
    const entered = await enter(config);
    const url = oidc.buildEndSessionUrl(config, {
      id_token_hint: entered.tokens.id_token,
      post_logout_redirect_uri: given.back,
      state: 'after-logout',
    });
    const answer = await fetch(url, { redirect: 'manual' });
    let refreshed = 'accepted';
    await oidc.refreshTokenGrant(config, entered.tokens.refresh_token).catch((e) => {
      refreshed = e.error;
    });
    return { location: answer.headers.get('location'), status: answer.status, refreshed, claims: entered.claims };
  },
  async register() {
    const config = await oidc.dynamicClientRegistration(new URL(given.issuer), given.metadata, undefined, {
      ...insecure,
      initialAccessToken: given.initial,
    });
    return config.clientMetadata();
  },
};

try {
  process.stdout.write(JSON.stringify(await scenarios[scenario]()));
} catch (error) {
  process.stderr.write(`${error.stack ?? error}\n${JSON.stringify({ code: error.code, error: error.error, description: error.error_description, cause: String(error.cause) })}\n`);
  process.exit(1);
}
