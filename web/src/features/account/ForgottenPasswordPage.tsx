import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import type { SubmitEvent } from 'react';
import { AccountFrame, AccountLink } from '@/features/account/AccountFrame';
import { useRequestReset } from '@/features/account/api/request-reset';
import { enteredText } from '@/lib/form';
import { FaultNotice } from '@/ui/FaultNotice';

export function ForgottenPasswordPage() {
  const request = useRequestReset();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    request.mutate(enteredText(new FormData(event.currentTarget), 'email').trim());
  };
  return (
    <AccountFrame title="Forgotten password" lead="We send a link to your email address. It lets you choose a new password.">
      {request.isSuccess ? (
        <Typography role="status" sx={{ mb: 3 }}>
          {request.data.message}
        </Typography>
      ) : (
        <Box component="form" onSubmit={submit} sx={{ display: 'grid', gap: 2.25, mb: 3 }}>
          <FaultNotice fault={request.error} />
          <TextField id="email" name="email" label="Email" type="email" autoComplete="username" required />
          <Button type="submit" variant="contained" size="large" loading={request.isPending}>
            Send link
          </Button>
        </Box>
      )}
      <AccountLink to="/login">Sign in</AccountLink>
    </AccountFrame>
  );
}
