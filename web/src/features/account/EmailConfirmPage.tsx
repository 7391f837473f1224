import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useEffect, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { AccountFrame, AccountLink } from '@/features/account/AccountFrame';
import { useConfirmEmail } from '@/features/account/api/confirm-email';
import { FaultNotice } from '@/ui/FaultNotice';

/**
 * Where the confirmation link leads: `/verify-email#token=…`, or `/change-email#token=…` for a new address. It waits for a click, because mail scanners open links and
 * would use the token up.
 */
export function EmailConfirmPage({ change = false }: { change?: boolean }) {
  const { hash, pathname } = useLocation();
  const navigate = useNavigate();
  const [token] = useState(() => new URLSearchParams(hash.slice(1)).get('token') ?? '');
  const confirm = useConfirmEmail(change);

  useEffect(() => {
    if (hash !== '') void navigate(pathname, { replace: true });
  }, [hash, navigate, pathname]);

  if (confirm.isSuccess) {
    return (
      <AccountFrame title="Address confirmed">
        <Typography role="status" sx={{ mb: 3 }}>
          {confirm.data.message}
        </Typography>
        <AccountLink to="/login">Sign in</AccountLink>
      </AccountFrame>
    );
  }

  return (
    <AccountFrame title="Confirm your address">
      {token === '' ? (
        <Alert severity="warning">
          This page opens from the link in your email. Use the whole link: its last part is missing here.
        </Alert>
      ) : (
        <Box sx={{ display: 'grid', gap: 2.25 }}>
          <FaultNotice fault={confirm.error} />
          <Typography>Confirm that this email address is yours.</Typography>
          <Button variant="contained" size="large" loading={confirm.isPending} onClick={() => confirm.mutate(token)}>
            Confirm address
          </Button>
        </Box>
      )}
    </AccountFrame>
  );
}
