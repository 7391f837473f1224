import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';
import { useEffect, useState, type ComponentType } from 'react';
import { Navigate, useLocation } from 'react-router';
import { DecisionFrame } from '@/features/oauth/DecisionFrame';
import { useAccessRequest, useDecision, useGivingUp } from '@/features/oauth/api/requests';
import { ScopeList } from '@/features/oauth/ScopeList';
import { signOut } from '@/lib/http';
import { useSession } from '@/lib/session';
import { FaultNotice } from '@/ui/FaultNotice';

/** Leaves for the application; the address comes from the server, which sends nobody to an unregistered one. */
const leave = ({ redirect_to }: { redirect_to: string }) => window.location.assign(redirect_to);

interface Props {
  /** Asks for a stronger proof of who is there. */
  StepUp: ComponentType<{ open: boolean; onDone: () => void; onCancel: () => void }>;
}

/** Where `/oauth/authorize` leads: `/consent#request=…`. Sign-in comes first, and brings the visitor back here. */
export function ConsentPage({ StepUp }: Props) {
  const { hash } = useLocation();
  const session = useSession();
  const [{ request, silent }] = useState(() => {
    const parameters = new URLSearchParams(hash.slice(1));
    return { request: parameters.get('request') ?? '', silent: parameters.get('prompt') === 'none' };
  });
  const asked = useAccessRequest(request, session !== null && request !== '');
  const decision = useDecision();
  const giveUp = useGivingUp();
  const [proving, setProving] = useState(false);
  const data = asked.data;
  const decided = data !== undefined && (!data.may_interact || (!data.consent_needed && !data.sign_in_again && data.step_up_to === null));
  const { mutate: decide } = decision;
  const { mutate: answerNobody } = giveUp;

  useEffect(() => {
    if (decided) decide({ request, approve: true }, { onSuccess: leave });
  }, [decided, decide, request]);
  useEffect(() => {
    if (session === null && silent && request !== '') answerNobody(request, { onSuccess: leave });
  }, [session, silent, request, answerNobody]);

  if (request === '') {
    return (
      <DecisionFrame title="Nothing to decide">
        <Typography>This page opens when an application asks for access to your account.</Typography>
      </DecisionFrame>
    );
  }
  if (session === null && !silent) return <Navigate to="/login" state={{ from: `/consent#request=${request}` }} replace />;

  const fault = asked.error ?? decision.error ?? giveUp.error;
  if (fault !== null) {
    return (
      <DecisionFrame title="This request cannot be answered">
        <FaultNotice fault={fault} />
        <Typography sx={{ mt: 2 }}>It may have expired. Go back to the application and start again.</Typography>
      </DecisionFrame>
    );
  }
  if (data === undefined || decided) {
    return (
      <DecisionFrame title="One moment">
        <Typography role="status">Asking what the application wants…</Typography>
      </DecisionFrame>
    );
  }
  if (data.sign_in_again) {
    return (
      <DecisionFrame title="Sign in again" lead={`${data.client_name} asks for a fresh sign-in.`}>
        <Button variant="contained" size="large" onClick={signOut}>
          Sign in again
        </Button>
      </DecisionFrame>
    );
  }
  if (data.step_up_to !== null) {
    return (
      <DecisionFrame title="Confirm that it is you" lead={`${data.client_name} asks for a stronger sign-in.`}>
        <Button id="step-up-button" variant="contained" size="large" onClick={() => setProving(true)}>
          Confirm
        </Button>
        <StepUp
          open={proving}
          onCancel={() => setProving(false)}
          onDone={() => {
            setProving(false);
            void asked.refetch();
          }}
        />
      </DecisionFrame>
    );
  }
  return (
    <DecisionFrame title={`Allow ${data.client_name}?`} lead={`Signed in as ${session?.user.email ?? ''}`}>
      <Box sx={{ display: 'grid', gap: 2.25 }}>
        <Typography>It asks for:</Typography>
        <ScopeList scopes={data.scopes} claims={data.claims} />
        <Typography color="textSecondary" variant="body2">
          You will be sent to {data.redirect_host}.{' '}
          {data.policy_uri !== null && (
            <Link href={data.policy_uri} target="_blank" rel="noreferrer noopener">
              Privacy policy
            </Link>
          )}
        </Typography>
        <Box sx={{ display: 'flex', gap: 1.5 }}>
          <Button id="allow-button" variant="contained" size="large" loading={decision.isPending} onClick={() => decide({ request, approve: true }, { onSuccess: leave })}>
            Allow
          </Button>
          <Button id="refuse-button" variant="outlined" size="large" disabled={decision.isPending} onClick={() => decide({ request, approve: false }, { onSuccess: leave })}>
            Refuse
          </Button>
        </Box>
      </Box>
    </DecisionFrame>
  );
}
