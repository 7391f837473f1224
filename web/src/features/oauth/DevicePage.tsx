import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type SubmitEvent } from 'react';
import { Navigate, useLocation } from 'react-router';
import { DecisionFrame } from '@/features/oauth/DecisionFrame';
import { useDeviceDecision, useDeviceRequest } from '@/features/oauth/api/requests';
import { ScopeList } from '@/features/oauth/ScopeList';
import { enteredText } from '@/lib/form';
import { useSession } from '@/lib/session';
import { FaultNotice } from '@/ui/FaultNotice';

/** Where a device without a browser sends its user: `/device`, or `/device#code=…`. */
export function DevicePage() {
  const { hash } = useLocation();
  const session = useSession();
  const [code, setCode] = useState(() => new URLSearchParams(hash.slice(1)).get('code') ?? '');
  const look = useDeviceRequest();
  const decision = useDeviceDecision();

  if (session === null) return <Navigate to="/login" state={{ from: `/device${hash}` }} replace />;
  if (decision.isSuccess) {
    return (
      <DecisionFrame title="Done">
        <Typography role="status">{decision.data.message}. You can close this page.</Typography>
      </DecisionFrame>
    );
  }
  if (look.data !== undefined) {
    return (
      <DecisionFrame title={`Sign in ${look.data.client_name}?`} lead={`The device shows the code ${code}. Go on only if you started this yourself.`}>
        <Box sx={{ display: 'grid', gap: 2.25 }}>
          <FaultNotice fault={decision.error} />
          <ScopeList scopes={look.data.scopes} />
          <Box sx={{ display: 'flex', gap: 1.5 }}>
            <Button variant="contained" size="large" loading={decision.isPending} onClick={() => decision.mutate({ user_code: code, approve: true })}>
              Allow
            </Button>
            <Button variant="outlined" size="large" disabled={decision.isPending} onClick={() => decision.mutate({ user_code: code, approve: false })}>
              Refuse
            </Button>
          </Box>
        </Box>
      </DecisionFrame>
    );
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entered = enteredText(new FormData(event.currentTarget), 'code').trim();
    setCode(entered);
    if (entered !== '') look.mutate(entered);
  };
  return (
    <DecisionFrame title="Connect a device" lead="Enter the code that your device shows.">
      <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2.25 }}>
        <FaultNotice fault={look.error} />
        <TextField id="code" name="code" label="Code" defaultValue={code} autoComplete="off" slotProps={{ htmlInput: { maxLength: 16, autoCapitalize: 'characters' } }} />
        <Button type="submit" variant="contained" size="large" loading={look.isPending}>
          Continue
        </Button>
      </Box>
    </DecisionFrame>
  );
}
