import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useEffect, useState, type SubmitEvent } from 'react';
import { Navigate, useLocation } from 'react-router';
import { AccountFrame, AccountLink } from '@/features/account/AccountFrame';
import { enter, needsProof, useLogin } from '@/features/account/api/login';
import { useLeaveToSignIn, useOutsideProviders } from '@/features/account/api/outside';
import { loginWithPasskey, usePasskeyLogin } from '@/features/account/api/prove';
import { useBeginRecovery } from '@/features/account/api/recover';
import { conditionalWorks, passkeysWork } from '@/features/account/passkey';
import { SecondFactorForm } from '@/features/account/SecondFactorForm';
import { enteredText } from '@/lib/form';
import { useSession, useSessionEnd } from '@/lib/session';
import { FaultNotice } from '@/ui/FaultNotice';
import { PasswordField } from '@/ui/PasswordField';
import { useFaultFocus } from '@/ui/useFaultFocus';

const endings = {
  expired: 'Your session has ended. Sign in to continue.',
  'signed-out': 'You have signed out.',
  recovered: 'Your account is recovered. Sign in with your password, then add second factors anew.',
};

const requiredInput = { htmlInput: { 'aria-required': true } };

/** The page that the router's guard turned the visitor away from. */
function pageBefore(state: unknown): string {
  return typeof state === 'object' && state !== null && 'from' in state && typeof state.from === 'string' ? state.from : '/dashboard';
}

/** Offers passkeys among the suggestions of the email input, as long as the page is shown. */
function usePasskeySuggestions() {
  useEffect(() => {
    const abort = new AbortController();
    void conditionalWorks().then(async (works) => {
      if (works && !abort.signal.aborted) await loginWithPasskey(abort.signal).then(enter, () => undefined);
    });
    return () => abort.abort();
  }, []);
}

export function LoginPage() {
  const session = useSession();
  const ended = useSessionEnd();
  const location = useLocation();
  const login = useLogin();
  const passkey = usePasskeyLogin();
  const recovery = useBeginRecovery();
  const outside = useOutsideProviders();
  const leave = useLeaveToSignIn();
  usePasskeySuggestions();
  const [missing, setMissing] = useState<Record<string, string>>({});
  const faults = login.error?.byField ?? missing;
  const form = useFaultFocus(faults);

  if (session !== null) return <Navigate to={recovery.isSuccess ? '/recover' : pageBefore(location.state)} replace />;

  if (login.data !== undefined && needsProof(login.data)) {
    const challenge = login.data;
    return (
      <AccountFrame title="One more proof" lead="Your account is protected by a second factor.">
        <SecondFactorForm
          challenge={challenge}
          onLost={
            <>
              <FaultNotice fault={recovery.error} />
              <Button id="lost-factors" variant="text" color="inherit" loading={recovery.isPending} onClick={() => recovery.mutate(challenge)}>
                I have none of these any more
              </Button>
            </>
          }
        />
      </AccountFrame>
    );
  }

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget);
    const email = enteredText(entered, 'email').trim();
    const password = enteredText(entered, 'password');
    const found: Record<string, string> = {};
    if (email === '') found.email = 'Enter your email address.';
    if (password === '') found.password = 'Enter your password.';
    setMissing(found);
    login.reset();
    if (Object.keys(found).length === 0) login.mutate({ email, password });
  };

  const beside = (field: string) => ({ id: field, name: field, error: field in faults, helperText: faults[field] });

  return (
    <AccountFrame title="Sign in">
      <Box component="form" ref={form} onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2.25 }}>
        {ended !== null && login.isIdle && (
          <Alert severity="info" role="status">
            {endings[ended]}
          </Alert>
        )}
        <FaultNotice fault={login.error ?? passkey.error ?? leave.error} besideFields={['email', 'password']} />
        <TextField {...beside('email')} label="Email" type="email" autoComplete="username webauthn" slotProps={requiredInput} />
        <PasswordField {...beside('password')} label="Password" autoComplete="current-password" required />
        <Button id="login-button" type="submit" variant="contained" size="large" loading={login.isPending} loadingPosition="start">
          {login.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
        {passkeysWork() && (
          <Button id="passkey-button" variant="outlined" size="large" loading={passkey.isPending} onClick={() => passkey.mutate()}>
            Sign in with a passkey
          </Button>
        )}
        {outside.data?.items.map(({ provider_id, name }) => (
          <Button key={provider_id} variant="outlined" size="large" disabled={leave.isPending} onClick={() => leave.mutate(provider_id)}>
            Sign in with {name}
          </Button>
        ))}
        <Typography>
          <AccountLink to="/forgotten-password">Forgotten password?</AccountLink>
        </Typography>
        <Typography>
          New here? <AccountLink to="/">Create an account</AccountLink>
        </Typography>
      </Box>
    </AccountFrame>
  );
}
