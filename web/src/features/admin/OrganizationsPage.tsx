import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type SubmitEvent } from 'react';
import {
  defaultOrganization,
  useAddAdministrator,
  useChangeOrganization,
  useCreateOrganization,
  useOrganizations,
  usePeople,
  useSuspension,
  type Organization,
} from '@/features/admin/api/organizations';
import { Disclosure } from '@/features/admin/Disclosure';
import { Line, padded, ShownOnce } from '@/features/admin/parts';
import { enteredText } from '@/lib/form';
import { formatTime, humanize } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';
import { StatusChip } from '@/ui/StatusChip';

/** Name and domain as entered; an empty domain is none. */
function entered(form: HTMLFormElement) {
  const data = new FormData(form);
  const domain = enteredText(data, 'domain').trim();
  return { slug: enteredText(data, 'slug').trim(), name: enteredText(data, 'name').trim(), ...(domain === '' ? {} : { domain }) };
}

function People({ id }: { id: string }) {
  return (
    <Box sx={{ border: 1, borderColor: 'divider', borderRadius: 1 }}>
      <PagedList
        pages={usePeople(id)}
        keyOf={({ user_id }) => user_id}
        empty="Nobody has an account here yet."
        renderItem={({ user_id, role, status, created_at, last_login_at }) => (
          <Box sx={{ px: 2, py: 1 }}>
            <Line action={<StatusChip status={status} />}>
              <Typography variant="body2">
                {humanize(role)} <code>{user_id}</code>
              </Typography>
              <Typography variant="body2" color="textSecondary">
                Since {formatTime(created_at)}
                {last_login_at === null ? ', never signed in' : `, last signed in ${formatTime(last_login_at)}`}
              </Typography>
            </Line>
          </Box>
        )}
      />
    </Box>
  );
}

function Administrator({ id }: { id: string }) {
  const add = useAddAdministrator(id);
  const faults = add.error?.byField ?? {};
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    add.mutate({ name: enteredText(data, 'name').trim(), email: enteredText(data, 'email').trim() }, { onSuccess: () => form.reset() });
  };
  return (
    <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 1.5 }}>
      <FaultNotice fault={add.error} besideFields={['name', 'email']} />
      {add.isSuccess && <ShownOnce title="This link sets the administrator's password.">{add.data.setup_link}</ShownOnce>}
      <Box sx={{ display: 'grid', gap: 1.5, gridTemplateColumns: { sm: '1fr 1fr auto' }, alignItems: 'start' }}>
        <TextField id={`admin-name-${id}`} name="name" label="Administrator's name" size="small" error={'name' in faults} helperText={faults.name} />
        <TextField id={`admin-email-${id}`} name="email" label="Email" type="email" size="small" error={'email' in faults} helperText={faults.email} />
        <Button type="submit" variant="outlined" loading={add.isPending}>
          Make an administrator
        </Button>
      </Box>
    </Box>
  );
}

function Detail({ organization }: { organization: Organization }) {
  const { organization_id: id, slug, name, domain, suspended_at, created_at } = organization;
  const change = useChangeOrganization(id);
  const suspension = useSuspension(id);
  const [sure, setSure] = useState(false);
  const faults = change.error?.byField ?? {};
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { name: newName, domain: newDomain } = entered(event.currentTarget);
    change.mutate({ name: newName, ...(newDomain === undefined ? {} : { domain: newDomain }) });
  };
  const suspend = () => {
    if (suspended_at === null && !sure) {
      setSure(true);
      return;
    }
    setSure(false);
    suspension.mutate(suspended_at === null);
  };
  return (
    <Box sx={{ display: 'grid', gap: 2.5 }}>
      <FaultNotice fault={suspension.error} />
      <Line
        action={
          id !== defaultOrganization && (
            <Button size="small" variant={sure ? 'contained' : 'outlined'} color={suspended_at === null ? 'error' : 'primary'} loading={suspension.isPending} onClick={suspend}>
              {suspended_at !== null ? 'Activate' : sure ? 'Suspend: sign everyone out now' : 'Suspend'}
            </Button>
          )
        }
      >
        <Typography variant="body2">
          <code>{slug}</code>, since {formatTime(created_at)}
          {suspended_at !== null && `, suspended since ${formatTime(suspended_at)}`}
        </Typography>
        {id === defaultOrganization && (
          <Typography variant="body2" color="textSecondary">
            Whoever names no organisation is in this one.
          </Typography>
        )}
      </Line>
      <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 1.5 }}>
        <FaultNotice fault={change.error} besideFields={['name', 'domain']} />
        <Box sx={{ display: 'grid', gap: 1.5, gridTemplateColumns: { sm: '1fr 1fr auto' }, alignItems: 'start' }}>
          <TextField id={`name-${id}`} name="name" label="Name" size="small" defaultValue={name} error={'name' in faults} helperText={faults.name} />
          <TextField id={`domain-${id}`} name="domain" label="Domain" size="small" defaultValue={domain ?? ''} error={'domain' in faults} helperText={faults.domain} />
          <Button type="submit" variant="outlined" loading={change.isPending}>
            Save
          </Button>
        </Box>
      </Box>
      <Administrator id={id} />
      <People id={id} />
    </Box>
  );
}

function Row({ organization }: { organization: Organization }) {
  const [open, setOpen] = useState(false);
  return (
    <Disclosure
      onToggle={setOpen}
      summary={
        <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 2, rowGap: 0.5 }}>
          <Box sx={{ flex: '1 1 260px', minWidth: 0 }}>
            <Typography sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{organization.name}</Typography>
            <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>
              {organization.slug}
              {organization.domain !== null && ` · ${organization.domain}`}
            </Typography>
          </Box>
          <StatusChip status={organization.suspended_at === null ? 'active' : 'suspended'} />
        </Box>
      }
    >
      {open && <Detail organization={organization} />}
    </Disclosure>
  );
}

function NewOrganization() {
  const create = useCreateOrganization();
  const faults = create.error?.byField ?? {};
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    create.mutate(entered(form), { onSuccess: () => form.reset() });
  };
  return (
    <Panel title="New organisation">
      <Box component="form" onSubmit={submit} noValidate sx={{ ...padded, maxWidth: 560 }}>
        <FaultNotice fault={create.error} besideFields={['slug', 'name', 'domain']} />
        <TextField
          id="organization-slug"
          name="slug"
          label="Short name"
          error={'slug' in faults}
          helperText={faults.slug ?? 'Lower-case letters, digits and hyphens; it never changes'}
        />
        <TextField id="organization-name" name="name" label="Name" error={'name' in faults} helperText={faults.name} />
        <TextField
          id="organization-domain"
          name="domain"
          label="Domain"
          error={'domain' in faults}
          helperText={faults.domain ?? 'Whoever comes by this host is in the organisation; may stay empty'}
        />
        <Button type="submit" variant="contained" loading={create.isPending}>
          Create organisation
        </Button>
      </Box>
    </Panel>
  );
}

/** For the installation's own administrators: the organisations that it keeps apart. */
export function OrganizationsPage() {
  return (
    <Screen title="Organisations" lead="What one of them holds, no other sees. Suspending one signs everyone of it out at once.">
      <Box sx={{ display: 'grid', gap: 3 }}>
        <Panel title="Organisations">
          <PagedList
            pages={useOrganizations()}
            keyOf={({ organization_id }) => organization_id}
            empty="There is no organisation."
            renderItem={(organization) => <Row organization={organization} />}
          />
        </Panel>
        <NewOrganization />
      </Box>
    </Screen>
  );
}
