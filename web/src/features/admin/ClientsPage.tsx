import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type SubmitEvent } from 'react';
import {
  useClients,
  useCreateClient,
  useDeleteClient,
  useNewSecret,
  useRotation,
  useSigningKeys,
  useSwitch,
  type Client,
} from '@/features/admin/api/clients';
import { Disclosure } from '@/features/admin/Disclosure';
import { Line, padded, ShownOnce } from '@/features/admin/parts';
import { enteredText } from '@/lib/form';
import { formatTime } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';
import { StatusChip } from '@/ui/StatusChip';

const secretMethods = ['client_secret_basic', 'client_secret_post'];

/** How an application proves who it is, and what it is for. */
const kinds = {
  web: { label: 'Web application with a secret', method: 'client_secret_basic', grants: ['authorization_code', 'refresh_token'] },
  keys: { label: 'Web application with published keys', method: 'private_key_jwt', grants: ['authorization_code', 'refresh_token'] },
  native: { label: 'Mobile, desktop or browser application', method: 'none', grants: ['authorization_code', 'refresh_token'] },
  device: { label: 'Device without a browser', method: 'none', grants: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] },
  program: { label: 'Program without people', method: 'client_secret_basic', grants: ['client_credentials'] },
} as const;
type Kind = keyof typeof kinds;

function Detail({ client }: { client: Client }) {
  const { client_id, metadata, disabled, created_at } = client;
  const toggle = useSwitch(client);
  const secret = useNewSecret(client_id);
  const remove = useDeleteClient(client_id);
  const [sure, setSure] = useState(false);
  return (
    <Box sx={{ display: 'grid', gap: 2 }}>
      <FaultNotice fault={toggle.error ?? secret.error ?? remove.error} />
      {secret.data?.client_secret != null && <ShownOnce title="The new secret; the old one has ended.">{secret.data.client_secret}</ShownOnce>}
      <Line
        action={
          <>
            <Button size="small" variant="outlined" loading={toggle.isPending} onClick={() => toggle.mutate(!disabled)}>
              {disabled ? 'Enable' : 'Disable'}
            </Button>
            {secretMethods.includes(metadata.token_endpoint_auth_method ?? '') && (
              <Button size="small" variant="outlined" loading={secret.isPending} onClick={() => secret.mutate(undefined)}>
                New secret
              </Button>
            )}
            <Button size="small" variant={sure ? 'contained' : 'outlined'} color="error" loading={remove.isPending} onClick={() => (sure ? remove.mutate(undefined) : setSure(true))}>
              {sure ? 'Delete for good' : 'Delete'}
            </Button>
          </>
        }
      >
        <Typography variant="body2">
          <code>{client_id}</code>, since {formatTime(created_at)}
        </Typography>
      </Line>
      <Typography
        component="pre"
        sx={{ m: 0, p: 2, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', bgcolor: 'background.default', borderRadius: 1, fontFamily: 'mono', fontSize: '0.8125rem' }}
      >
        {JSON.stringify(metadata, null, 2)}
      </Typography>
    </Box>
  );
}

function Row({ client }: { client: Client }) {
  return (
    <Disclosure
      summary={
        <Line action={<StatusChip status={client.disabled ? 'disabled' : 'active'} />}>
          <Typography component="div" sx={{ fontWeight: 600 }}>
            {client.metadata.client_name ?? client.client_id} {client.first_party && <Chip size="small" label="Asks no consent" />}
          </Typography>
          <Typography variant="body2" color="textSecondary">
            {client.metadata.redirect_uris?.join(', ') ?? client.metadata.grant_types?.join(', ')}
          </Typography>
        </Line>
      }
    >
      <Detail client={client} />
    </Disclosure>
  );
}

function NewClient() {
  const create = useCreateClient();
  const [kind, setKind] = useState<Kind>('web');
  const { method, grants } = kinds[kind];
  const redirects = (grants as readonly string[]).includes('authorization_code');
  const faults = create.error?.byField ?? {};
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const scope = enteredText(data, 'scope').trim();
    const jwks_uri = enteredText(data, 'jwks_uri').trim();
    create.mutate(
      {
        client_name: enteredText(data, 'client_name').trim(),
        grant_types: [...grants],
        token_endpoint_auth_method: method,
        ...(redirects ? { redirect_uris: enteredText(data, 'redirect_uris').split(/\s+/).filter((uri) => uri !== '') } : {}),
        ...(scope === '' ? {} : { scope }),
        ...(jwks_uri === '' ? {} : { jwks_uri }),
      },
      { onSuccess: () => form.reset() },
    );
  };
  return (
    <Panel title="New application">
      <Box component="form" onSubmit={submit} noValidate sx={{ ...padded, maxWidth: 560 }}>
        <FaultNotice fault={create.error} besideFields={['redirect_uris']} />
        {create.data?.client_secret != null && <ShownOnce title={`The secret of ${create.data.client_id}.`}>{create.data.client_secret}</ShownOnce>}
        <TextField id="client-name" name="client_name" label="Name" />
        <TextField id="client-kind" label="Kind" select value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          {Object.entries(kinds).map(([value, { label }]) => (
            <MenuItem key={value} value={value}>
              {label}
            </MenuItem>
          ))}
        </TextField>
        {redirects && (
          <TextField
            id="client-redirects"
            name="redirect_uris"
            label="Addresses to return to"
            multiline
            minRows={2}
            error={'redirect_uris' in faults}
            helperText={faults.redirect_uris ?? 'One a line, exactly as the application sends them'}
          />
        )}
        {kind === 'keys' && <TextField id="client-jwks" name="jwks_uri" label="Address of its keys" helperText="https://… of a JWK set" />}
        <TextField id="client-scope" name="scope" label="Scopes" helperText="Separated by spaces; empty: all standard ones" />
        <Button type="submit" variant="contained" loading={create.isPending}>
          Register application
        </Button>
      </Box>
    </Panel>
  );
}

function SigningKeys() {
  const keys = useSigningKeys();
  const rotate = useRotation();
  if (keys.data === undefined) return null; // another organisation's administrators have no part in them
  return (
    <Panel
      title="Signing keys"
      action={
        <Button size="small" loading={rotate.isPending} onClick={() => rotate.mutate(false)}>
          Make the next ones
        </Button>
      }
    >
      <Box sx={padded}>
        <FaultNotice fault={rotate.error} />
        {keys.data.items.map(({ kid, algorithm, active_at, signs }) => (
          <Line key={kid} action={signs && <Chip size="small" color="success" label="Signs now" />}>
            <Typography variant="body2">
              {algorithm} <code>{kid}</code>
            </Typography>
            <Typography variant="body2" color="textSecondary">
              {signs ? 'Since' : 'From'} {formatTime(active_at)}
            </Typography>
          </Line>
        ))}
      </Box>
    </Panel>
  );
}

/** The applications that sign people in through this server, and its keys. */
export function ClientsPage() {
  return (
    <Screen title="Clients" lead="Applications that sign people in here, and programs that act on their own.">
      <Box sx={{ display: 'grid', gap: 3 }}>
        <Panel title="Applications">
          <PagedList pages={useClients()} keyOf={({ client_id }) => client_id} empty="No application is registered." renderItem={(client) => <Row client={client} />} />
        </Panel>
        <NewClient />
        <SigningKeys />
      </Box>
    </Screen>
  );
}
