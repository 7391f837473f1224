import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type SubmitEvent } from 'react';
import { useRoles } from '@/features/admin/api/roles';
import {
  useApiKeys,
  useCreateApiKey,
  useCreateServiceAccount,
  useDisableServiceAccount,
  useRevokeApiKey,
  useRotateApiKey,
  useServiceAccounts,
  type ApiKey,
  type ServiceAccount,
} from '@/features/admin/api/service-accounts';
import { Disclosure } from '@/features/admin/Disclosure';
import { Line, padded, ShownOnce } from '@/features/admin/parts';
import { enteredText } from '@/lib/form';
import { formatTime, humanize } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';
import { StatusChip } from '@/ui/StatusChip';

const stateOf = ({ revoked_at, expires_at }: ApiKey) => (revoked_at !== null ? 'revoked' : Date.parse(expires_at) < Date.now() ? 'expired' : 'active');

function Keys({ account }: { account: ServiceAccount }) {
  const keys = useApiKeys(account.account_id, true);
  const create = useCreateApiKey(account.account_id);
  const rotate = useRotateApiKey();
  const revoke = useRevokeApiKey();
  const disable = useDisableServiceAccount();
  const [sure, setSure] = useState(false);
  const made = create.data?.api_key ?? rotate.data?.api_key;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    create.mutate({ name: enteredText(data, 'name').trim(), days: Number(enteredText(data, 'days')) }, { onSuccess: () => form.reset() });
  };
  return (
    <Box sx={{ display: 'grid', gap: 2 }}>
      <FaultNotice fault={keys.error ?? create.error ?? rotate.error ?? revoke.error ?? disable.error} />
      {made != null && <ShownOnce title="The key.">{made}</ShownOnce>}
      {keys.data?.items.map((key) => (
        <Line
          key={key.key_id}
          action={
            <>
              <StatusChip status={stateOf(key)} />
              {stateOf(key) === 'active' && (
                <>
                  <Button size="small" onClick={() => rotate.mutate(key.key_id)} aria-label={`Rotate ${key.name}`}>
                    Rotate
                  </Button>
                  <Button size="small" color="error" onClick={() => revoke.mutate(key.key_id)} aria-label={`Revoke ${key.name}`}>
                    Revoke
                  </Button>
                </>
              )}
            </>
          }
        >
          <Typography variant="body2" sx={{ fontWeight: 600 }}>
            {key.name} <code>{key.hint}…</code>
          </Typography>
          <Typography variant="body2" color="textSecondary">
            Until {formatTime(key.expires_at)}
            {key.last_used_at === null ? ', never used' : `, last used ${formatTime(key.last_used_at)}`}
          </Typography>
        </Line>
      ))}
      {!account.disabled && (
        <>
          <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 1.5, gridTemplateColumns: { sm: '1fr 120px auto' }, alignItems: 'start' }}>
            <TextField id={`key-name-${account.account_id}`} name="name" label="Name of a new key" size="small" />
            <TextField id={`key-days-${account.account_id}`} name="days" label="Days" type="number" size="small" defaultValue="90" />
            <Button type="submit" variant="outlined" loading={create.isPending}>
              Make a key
            </Button>
          </Box>
          <Box>
            <Button size="small" color="error" variant={sure ? 'contained' : 'outlined'} onClick={() => (sure ? disable.mutate(account.account_id) : setSure(true))}>
              {sure ? 'Disable the account and all its keys' : 'Disable'}
            </Button>
          </Box>
        </>
      )}
    </Box>
  );
}

function Row({ account }: { account: ServiceAccount }) {
  const [open, setOpen] = useState(false);
  return (
    <Disclosure
      onToggle={setOpen}
      summary={
        <Line action={<StatusChip status={account.disabled ? 'disabled' : 'active'} />}>
          <Typography sx={{ fontWeight: 600 }}>{account.name}</Typography>
          <Typography variant="body2" color="textSecondary">
            {account.permissions.map(humanize).join(' · ')}
          </Typography>
        </Line>
      }
    >
      {open && <Keys account={account} />}
    </Disclosure>
  );
}

function NewAccount() {
  const create = useCreateServiceAccount();
  const roles = useRoles();
  const known = roles.data?.items.find(({ name }) => name === 'admin')?.permissions ?? [];
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    create.mutate(
      {
        name: enteredText(data, 'name').trim(),
        description: enteredText(data, 'description').trim(),
        permissions: known.filter((word) => data.has(`permission.${word}`)),
      },
      { onSuccess: () => form.reset() },
    );
  };
  return (
    <Panel title="New account for a program">
      <Box component="form" onSubmit={submit} noValidate sx={{ ...padded, maxWidth: 560 }}>
        <FaultNotice fault={create.error ?? roles.error} />
        <TextField id="service-name" name="name" label="Name" />
        <TextField id="service-description" name="description" label="Description" />
        <Box component="fieldset" sx={{ border: 0, p: 0, m: 0, display: 'grid' }}>
          <Typography component="legend" variant="body2">
            Permissions
          </Typography>
          {known.map((word) => (
            <FormControlLabel key={word} control={<Checkbox name={`permission.${word}`} size="small" />} label={humanize(word)} />
          ))}
        </Box>
        <Button type="submit" variant="contained" loading={create.isPending}>
          Create account
        </Button>
      </Box>
    </Panel>
  );
}

/** Accounts of programs, and the keys that they call with. */
export function ServiceAccountsPage() {
  const accounts = useServiceAccounts();
  const items = accounts.data?.items ?? [];
  return (
    <Screen title="API keys" lead="Programs call with keys of accounts of their own, which may do what you give them and no more than you may.">
      <Box sx={{ display: 'grid', gap: 3 }}>
        <Panel title="Accounts of programs">
          <FaultNotice fault={accounts.error} />
          {accounts.isSuccess && items.length === 0 && (
            <Typography color="textSecondary" sx={padded}>
              No program has an account.
            </Typography>
          )}
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, '& > li + li': { borderTop: 1, borderColor: 'divider' } }}>
            {items.map((account) => (
              <li key={account.account_id}>
                <Row account={account} />
              </li>
            ))}
          </Box>
        </Panel>
        <NewAccount />
      </Box>
    </Screen>
  );
}
