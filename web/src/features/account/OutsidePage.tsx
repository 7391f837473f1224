import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useEffect, useRef, useState } from 'react';
import { Navigate, useLocation, useNavigate } from 'react-router';
import { AccountFrame, AccountLink } from '@/features/account/AccountFrame';
import { useFinishLink, useFinishSignIn, type Returned } from '@/features/account/api/outside';
import { needsProof } from '@/features/account/api/login';
import { SecondFactorForm } from '@/features/account/SecondFactorForm';
import { useSession } from '@/lib/session';
import { FaultNotice } from '@/ui/FaultNotice';

function returned(search: string): Returned | null {
  const query = new URLSearchParams(search);
  const state = query.get('state');
  if (state === null) return null;
  const part = (name: string) => query.get(name) ?? undefined;
  return { state, code: part('code'), iss: part('iss'), error: part('error') };
}

/** Where an outside provider sends the browser back to: `/federation?state=…&code=…`. */
export function OutsidePage() {
  const { search, pathname } = useLocation();
  const navigate = useNavigate();
  const session = useSession();
  const [answer] = useState(() => returned(search));
  // Who is signed in came to link an account; the state that was sent along belongs to that session alone.
  const [links] = useState(session !== null);
  const signIn = useFinishSignIn();
  const link = useFinishLink();
  const sent = useRef(false);

  useEffect(() => {
    // The code is used up by its first use; the address bar and the history keep nothing of it.
    if (search !== '') void navigate(pathname, { replace: true });
    if (sent.current || answer === null) return;
    sent.current = true;
    if (links) link.mutate(answer);
    else signIn.mutate(answer);
  }, [answer, link, links, navigate, pathname, search, signIn]);

  if (links && link.isSuccess) return <Navigate to="/security" replace />;
  if (!links && session !== null) return <Navigate to="/dashboard" replace />;
  if (signIn.data !== undefined && needsProof(signIn.data)) {
    return (
      <AccountFrame title="One more proof" lead="Your account is protected by a second factor.">
        <SecondFactorForm challenge={signIn.data} />
      </AccountFrame>
    );
  }
  const fault = signIn.error ?? link.error;
  return (
    <AccountFrame title={links ? 'Link a provider' : 'Sign in'}>
      <Box sx={{ display: 'grid', gap: 2.25 }}>
        <FaultNotice fault={fault} />
        {answer === null && <Alert severity="warning">This page opens when a provider sends you back here.</Alert>}
        {answer !== null && fault === null && <Typography role="status">One moment…</Typography>}
        <Typography>
          <AccountLink to={links ? '/security' : '/login'}>{links ? 'Back to Security' : 'Back to the sign-in'}</AccountLink>
        </Typography>
      </Box>
    </AccountFrame>
  );
}
