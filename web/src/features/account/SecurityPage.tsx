import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type ReactNode, type SubmitEvent } from 'react';
import {
  useAddPasskey,
  useBeginTotp,
  useChangePassword,
  useConfirmTotp,
  useEndOtherSessions,
  useEndSession,
  useFactors,
  useNewRecoveryCodes,
  useRemovePasskey,
  useRemoveTotp,
  useSessions,
} from '@/features/account/api/security';
import { LinkedProviders } from '@/features/account/LinkedProviders';
import { passkeysWork } from '@/features/account/passkey';
import { StepUp } from '@/features/account/StepUp';
import type { ApiFault } from '@/lib/api-fault';
import { enteredText } from '@/lib/form';
import { formatTime } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';
import { PasswordField } from '@/ui/PasswordField';
import { Screen } from '@/ui/Screen';

const needsStepUp = (fault: ApiFault | null) => fault?.code === 'INSUFFICIENT_USER_AUTHENTICATION';

/** A fault that is no call for a step-up, which a dialog answers. */
const Shown = ({ fault, besideFields = [] }: { fault: ApiFault | null; besideFields?: string[] }) =>
  needsStepUp(fault) ? null : <FaultNotice fault={fault} besideFields={besideFields} />;

const Body = ({ children }: { children: ReactNode }) => <Box sx={{ p: { xs: 2, sm: 3 }, display: 'grid', gap: 2, justifyItems: 'start' }}>{children}</Box>;

const Row = ({ children, action }: { children: ReactNode; action?: ReactNode }) => (
  <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: 1.5, width: '100%' }}>
    <Box sx={{ minWidth: 0 }}>{children}</Box>
    {action}
  </Box>
);

function RecoveryCodes({ codes }: { codes: string[] }) {
  if (codes.length === 0) return null;
  return (
    <Alert severity="warning" role="status" sx={{ width: '100%' }}>
      Keep these recovery codes in a safe place. They are shown once; each signs you in once when you have lost your other factors.
      <Box component="ul" id="recovery-codes" sx={{ columns: 2, fontFamily: '"IBM Plex Mono", monospace', pl: 2.5, mb: 0 }}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </Box>
    </Alert>
  );
}

type Guard = (run: () => void) => (fault: ApiFault) => void;

function AuthenticatorApp({ enrolled, guard }: { enrolled: boolean; guard: Guard }) {
  const begin = useBeginTotp();
  const confirm = useConfirmTotp();
  const remove = useRemoveTotp();
  const start = () => begin.mutate(undefined, { onError: guard(start) });
  const drop = () => remove.mutate(undefined, { onError: guard(drop) });
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    confirm.mutate(enteredText(new FormData(event.currentTarget), 'code').trim());
  };
  return (
    <Panel title="Authenticator app">
      <Body>
        <Shown fault={begin.error ?? confirm.error ?? remove.error} besideFields={['code']} />
        <RecoveryCodes codes={confirm.data?.recovery_codes ?? []} />
        {enrolled ? (
          <Row
            action={
              <Button variant="outlined" color="error" loading={remove.isPending} onClick={drop}>
                Remove
              </Button>
            }
          >
            <Typography>An app on your phone makes the codes for your sign-in.</Typography>
          </Row>
        ) : begin.data === undefined ? (
          <Button id="totp-begin" variant="contained" loading={begin.isPending} onClick={start}>
            Set up an authenticator app
          </Button>
        ) : (
          <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2, justifyItems: 'start' }}>
            <Typography>Scan this with your authenticator app, then enter the code that it shows.</Typography>
            <Box
              component="img"
              id="totp-qr"
              alt="QR code for the authenticator app"
              src={`data:image/svg+xml;utf8,${encodeURIComponent(begin.data.qr_svg)}`}
              sx={{ width: 220, height: 220, border: 1, borderColor: 'divider' }}
            />
            <Typography variant="body2">
              Or enter this key: <code id="totp-secret">{begin.data.secret}</code>
            </Typography>
            <TextField
              id="totp-code"
              name="code"
              label="Code"
              autoComplete="one-time-code"
              error={confirm.error?.byField.code !== undefined}
              helperText={confirm.error?.byField.code}
            />
            <Button id="totp-confirm" type="submit" variant="contained" loading={confirm.isPending}>
              Confirm
            </Button>
          </Box>
        )}
      </Body>
    </Panel>
  );
}

function Passkeys({ guard }: { guard: Guard }) {
  const factors = useFactors();
  const add = useAddPasskey();
  const remove = useRemovePasskey();
  const start = () => add.mutate('Passkey', { onError: guard(start) });
  const drop = (id: string) => remove.mutate(id, { onError: guard(() => drop(id)) });
  return (
    <Panel title="Passkeys">
      <Body>
        <Shown fault={add.error ?? remove.error} />
        {factors.data?.passkeys.map(({ id, label, suspected, backed_up, created_at, last_used_at }) => (
          <Row
            key={id}
            action={
              <Button variant="outlined" color="error" size="small" onClick={() => drop(id)}>
                Remove
              </Button>
            }
          >
            <Typography sx={{ fontWeight: 600 }}>
              {label} {suspected && <Chip size="small" color="error" label="Refused: it may have been copied" />}
            </Typography>
            <Typography variant="body2" color="textSecondary">
              Added {formatTime(created_at)}
              {last_used_at !== null && `, last used ${formatTime(last_used_at)}`}
              {backed_up ? ', synchronised' : ''}
            </Typography>
          </Row>
        ))}
        {passkeysWork() ? (
          <Button id="passkey-add" variant="contained" loading={add.isPending} onClick={start}>
            Add a passkey
          </Button>
        ) : (
          <Typography>This browser has no passkeys.</Typography>
        )}
      </Body>
    </Panel>
  );
}

function Recovery({ left, guard }: { left: number; guard: Guard }) {
  const make = useNewRecoveryCodes();
  const start = () => make.mutate(undefined, { onError: guard(start) });
  return (
    <Panel title="Recovery codes">
      <Body>
        <Shown fault={make.error} />
        <RecoveryCodes codes={make.data?.recovery_codes ?? []} />
        <Row
          action={
            <Button variant="outlined" loading={make.isPending} onClick={start}>
              Make new codes
            </Button>
          }
        >
          <Typography>{left} left. New codes replace the old ones.</Typography>
        </Row>
      </Body>
    </Panel>
  );
}

function Sessions() {
  const sessions = useSessions();
  const end = useEndSession();
  const endOthers = useEndOtherSessions();
  const items = sessions.data?.items ?? [];
  return (
    <Panel
      title="Where you are signed in"
      action={
        items.length > 1 && (
          <Button id="end-other-sessions" size="small" loading={endOthers.isPending} onClick={() => endOthers.mutate(undefined)}>
            End all others
          </Button>
        )
      }
    >
      <Body>
        <FaultNotice fault={sessions.error ?? end.error ?? endOthers.error} />
        {items.map(({ id, device, ip_address, current, last_used_at }) => (
          <Row
            key={id}
            action={
              !current && (
                <Button size="small" variant="outlined" onClick={() => end.mutate(id)}>
                  End
                </Button>
              )
            }
          >
            <Typography component="div" sx={{ fontWeight: 600 }}>
              {device} {current && <Chip size="small" label="This session" />}
            </Typography>
            <Typography variant="body2" color="textSecondary">
              {ip_address}, last used {formatTime(last_used_at)}
            </Typography>
          </Row>
        ))}
      </Body>
    </Panel>
  );
}

function Password({ guard }: { guard: Guard }) {
  const change = useChangePassword();
  const send = (data: { current_password: string; new_password: string }) => change.mutate(data, { onError: guard(() => send(data)) });
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget);
    send({ current_password: enteredText(entered, 'current_password'), new_password: enteredText(entered, 'new_password') });
  };
  const faults = change.error?.byField ?? {};
  return (
    <Panel title="Password">
      <Box component="form" onSubmit={submit} noValidate sx={{ p: { xs: 2, sm: 3 }, display: 'grid', gap: 2, maxWidth: 420 }}>
        <Shown fault={change.error} besideFields={['current_password', 'new_password']} />
        {change.isSuccess && (
          <Alert severity="success" role="status">
            {change.data.message}
          </Alert>
        )}
        <PasswordField
          id="current-password"
          name="current_password"
          label="Present password"
          autoComplete="current-password"
          error={'current_password' in faults}
          helperText={faults.current_password}
        />
        <PasswordField
          id="new-password"
          name="new_password"
          label="New password"
          autoComplete="new-password"
          error={'new_password' in faults}
          helperText={faults.new_password ?? 'At least 8 characters'}
        />
        <Button type="submit" variant="contained" loading={change.isPending}>
          Change password
        </Button>
      </Box>
    </Panel>
  );
}

/** Second factors, sessions and the password of the person who is signed in. */
export function SecurityPage() {
  const factors = useFactors();
  const [waiting, setWaiting] = useState<(() => void) | null>(null);
  const guard: Guard = (run) => (fault) => {
    if (needsStepUp(fault)) setWaiting(() => run);
  };
  return (
    <Screen title="Security" lead="What protects your account, and where it is in use.">
      <Box sx={{ display: 'grid', gap: 3 }}>
        <FaultNotice fault={factors.error} />
        {factors.data !== undefined && (
          <>
            <Passkeys guard={guard} />
            <AuthenticatorApp enrolled={factors.data.totp} guard={guard} />
            {(factors.data.totp || factors.data.passkeys.length > 0) && <Recovery left={factors.data.recovery_codes_left} guard={guard} />}
          </>
        )}
        <LinkedProviders guard={guard} />
        <Sessions />
        <Password guard={guard} />
      </Box>
      <StepUp
        open={waiting !== null}
        onCancel={() => setWaiting(null)}
        onDone={() => {
          const run = waiting;
          setWaiting(null);
          run?.();
        }}
      />
    </Screen>
  );
}
