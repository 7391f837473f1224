import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useEffect, useState, type SubmitEvent } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { AccountFrame, AccountLink } from '@/features/account/AccountFrame';
import { useSetUpPassword } from '@/features/account/api/set-up-password';
import { checkPassword } from '@/features/account/checks';
import { enteredText } from '@/lib/form';
import { FaultNotice } from '@/ui/FaultNotice';
import { PasswordField } from '@/ui/PasswordField';
import { useFaultFocus } from '@/ui/useFaultFocus';

/** Where the emailed link leads: `/setup-password#token=…`, or `/reset-password#token=…`. */
export function PasswordSetupPage({ reset = false }: { reset?: boolean }) {
  const { hash, pathname } = useLocation();
  const navigate = useNavigate();
  const [token] = useState(() => new URLSearchParams(hash.slice(1)).get('token') ?? '');
  const setUp = useSetUpPassword(reset);
  const [missing, setMissing] = useState<Record<string, string>>({});
  const faults = setUp.error?.byField ?? missing;
  const form = useFaultFocus(faults);

  // The token is a secret: out of the address bar and the history as soon as it is read.
  useEffect(() => {
    if (hash !== '') void navigate(pathname, { replace: true });
  }, [hash, navigate, pathname]);

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = enteredText(new FormData(event.currentTarget), 'password');
    const found = checkPassword(password);
    setMissing(found);
    setUp.reset();
    if (Object.keys(found).length === 0) setUp.mutate({ token, password });
  };

  if (setUp.isSuccess) {
    return (
      <AccountFrame title="Password set">
        <Typography role="status" sx={{ mb: 3 }}>
          {setUp.data.message}
        </Typography>
        <AccountLink to="/login">Sign in</AccountLink>
      </AccountFrame>
    );
  }

  return (
    <AccountFrame title="Choose a password">
      {token === '' ? (
        <Alert severity="warning">
          This page opens from the link in your email. Use the whole link: its last part is missing here.
        </Alert>
      ) : (
        <Box component="form" ref={form} onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2.25 }}>
          <FaultNotice fault={setUp.error} besideFields={['password']} />
          <PasswordField
            id="password"
            name="password"
            label="New password"
            autoComplete="new-password"
            required
            error={'password' in faults}
            helperText={faults.password ?? 'At least 8 characters'}
          />
          <Button type="submit" variant="contained" size="large" loading={setUp.isPending}>
            Save password
          </Button>
        </Box>
      )}
    </AccountFrame>
  );
}
