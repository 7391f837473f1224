import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type SubmitEvent } from 'react';
import {
  useAccount,
  useAccounts,
  useEndAccountSession,
  useEndAccountSessions,
  useStatus,
  type Account,
  type AccountPasskey,
} from '@/features/admin/api/accounts';
import { Disclosure } from '@/features/admin/Disclosure';
import { Line, padded } from '@/features/admin/parts';
import { enteredText } from '@/lib/form';
import { formatTime, humanize } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';
import { StatusChip } from '@/ui/StatusChip';

const vouched: Record<string, string> = {
  none: 'nobody vouches for its maker',
  self: 'it vouches for itself',
  packed: 'its maker is not among the trusted ones',
};

function Passkey({ passkey }: { passkey: AccountPasskey }) {
  const { label, aaguid, attestation, attested_by, device_bound, suspected, created_at, last_used_at } = passkey;
  return (
    <Box>
      <Typography component="div" sx={{ fontWeight: 600 }}>
        {label} {attestation === 'trusted' && <Chip size="small" color="success" label={`Vouched for by ${attested_by ?? 'its maker'}`} />}{' '}
        {suspected && <Chip size="small" color="error" label="It may have been copied" />}
      </Typography>
      <Typography variant="body2" color="textSecondary">
        {device_bound ? 'Bound to its device' : 'Synchronised'}
        {vouched[attestation] !== undefined && `; ${vouched[attestation]}`}. Model {aaguid}. Added {formatTime(created_at)}
        {last_used_at !== null && `, last used ${formatTime(last_used_at)}`}
      </Typography>
    </Box>
  );
}

function Detail({ id }: { id: string }) {
  const account = useAccount(id, true);
  const status = useStatus(id);
  const end = useEndAccountSession(id);
  const endAll = useEndAccountSessions(id);
  const data = account.data;
  if (data === undefined) return <FaultNotice fault={account.error} />;
  const factors = [data.totp ? 'authenticator app' : '', ...data.channels, data.recovery_codes_left > 0 ? `${data.recovery_codes_left} recovery codes` : '']
    .filter((word) => word !== '')
    .join(', ');
  return (
    <Box sx={{ display: 'grid', gap: 2.5 }}>
      <FaultNotice fault={status.error ?? end.error ?? endAll.error} />
      <Line
        action={
          <>
            {data.account.status !== 'active' && (
              <Button size="small" variant="contained" loading={status.isPending} onClick={() => status.mutate('active')}>
                Activate
              </Button>
            )}
            {data.account.status === 'active' && (
              <Button size="small" variant="outlined" loading={status.isPending} onClick={() => status.mutate('locked')}>
                Lock
              </Button>
            )}
            {data.account.status !== 'disabled' && (
              <Button size="small" variant="outlined" color="error" loading={status.isPending} onClick={() => status.mutate('disabled')}>
                Disable
              </Button>
            )}
          </>
        }
      >
        <Typography variant="body2">
          Account <code>{data.account.user_id}</code>, since {formatTime(data.account.created_at)}.{' '}
          {data.account.email_verified ? 'The address is confirmed.' : 'The address is not confirmed.'}
        </Typography>
        <Typography variant="body2">{factors === '' && data.passkeys.length === 0 ? 'No second factor.' : factors !== '' && `Second factors: ${factors}.`}</Typography>
      </Line>
      {data.passkeys.map((passkey) => (
        <Passkey key={passkey.id} passkey={passkey} />
      ))}
      <Line
        action={
          data.sessions.length > 0 && (
            <Button size="small" variant="outlined" color="error" loading={endAll.isPending} onClick={() => endAll.mutate(undefined)}>
              End all sessions
            </Button>
          )
        }
      >
        <Typography sx={{ fontWeight: 600 }}>{data.sessions.length === 0 ? 'Not signed in' : 'Signed in'}</Typography>
      </Line>
      {data.sessions.map(({ id: session, device, ip_address, acr, last_used_at }) => (
        <Line
          key={session}
          action={
            <Button size="small" onClick={() => end.mutate(session)} aria-label={`End the session of ${device}`}>
              End
            </Button>
          }
        >
          <Typography variant="body2">
            {device} at {ip_address}, {acr}, last used {formatTime(last_used_at)}
          </Typography>
        </Line>
      ))}
    </Box>
  );
}

function Row({ account }: { account: Account }) {
  const [open, setOpen] = useState(false);
  return (
    <Disclosure
      onToggle={setOpen}
      summary={
        <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 2, rowGap: 0.5 }}>
          <Box sx={{ flex: '1 1 260px', minWidth: 0 }}>
            <Typography sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{account.name}</Typography>
            <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>
              {account.email} · {[account.role, ...account.more_roles].map(humanize).join(', ')}
            </Typography>
          </Box>
          <StatusChip status={account.status} />
        </Box>
      }
    >
      {open && <Detail id={account.user_id} />}
    </Disclosure>
  );
}

/** The accounts of the organisation, what protects them, and where they are signed in. */
export function UsersPage() {
  const [email, setEmail] = useState('');
  const pages = useAccounts(email);
  const search = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setEmail(enteredText(new FormData(event.currentTarget), 'email').trim());
  };
  return (
    <Screen title="Users" lead="Accounts, newest first. Every look at one is recorded.">
      <Panel title="Accounts">
        <Box component="form" onSubmit={search} noValidate sx={{ ...padded, gridTemplateColumns: { sm: 'minmax(0, 360px) auto' }, justifyContent: 'start' }}>
          <TextField id="find-email" name="email" label="Email, in full" type="search" size="small" />
          <Button type="submit" variant="outlined">
            Find
          </Button>
        </Box>
        <PagedList
          pages={pages}
          keyOf={({ user_id }) => user_id}
          empty={email === '' ? 'There are no accounts.' : 'No account has this address.'}
          renderItem={(account) => <Row account={account} />}
        />
      </Panel>
    </Screen>
  );
}
