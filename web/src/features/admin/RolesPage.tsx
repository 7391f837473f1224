import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import Chip from '@mui/material/Chip';
import FormControlLabel from '@mui/material/FormControlLabel';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import type { SubmitEvent } from 'react';
import { useCreateRole, useDeleteRole, useGrant, useRoles, type RoleItem } from '@/features/admin/api/roles';
import { padded } from '@/features/admin/parts';
import { enteredText } from '@/lib/form';
import { humanize } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';

function Role({ role, onDelete }: { role: RoleItem; onDelete?: () => void }) {
  return (
    <Box sx={{ display: 'grid', gap: 0.75 }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1.5, flexWrap: 'wrap' }}>
        <Typography sx={{ fontWeight: 600, fontFamily: 'mono', overflowWrap: 'anywhere' }}>{role.name}</Typography>
        {role.built_in && <Chip size="small" label="Built in" />}
        {role.needed_aal > 1 && <Chip size="small" label={`Needs AAL ${role.needed_aal}`} />}
        {onDelete !== undefined && (
          <Button size="small" variant="outlined" color="error" onClick={onDelete} aria-label={`Delete ${role.name}`}>
            Delete
          </Button>
        )}
      </Box>
      {role.description !== '' && <Typography variant="body2">{role.description}</Typography>}
      <Typography variant="body2" color="textSecondary">
        {role.permissions.map(humanize).join(' · ')}
      </Typography>
    </Box>
  );
}

function NewRole({ known }: { known: string[] }) {
  const create = useCreateRole();
  const faults = create.error?.byField ?? {};
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const entered = new FormData(form);
    create.mutate(
      {
        name: enteredText(entered, 'name').trim(),
        description: enteredText(entered, 'description').trim(),
        permissions: known.filter((word) => entered.has(`permission.${word}`)),
        needed_aal: Number(enteredText(entered, 'needed_aal')),
      },
      { onSuccess: () => form.reset() },
    );
  };
  return (
    <Panel title="New role">
      <Box component="form" onSubmit={submit} noValidate sx={{ ...padded, maxWidth: 560 }}>
        <FaultNotice fault={create.error} besideFields={['name']} />
        <TextField id="role-name" name="name" label="Name" error={'name' in faults} helperText={faults.name ?? 'Lower-case letters, digits and _'} />
        <TextField id="role-description" name="description" label="Description" />
        <Box component="fieldset" sx={{ border: 0, p: 0, m: 0, display: 'grid' }}>
          <Typography component="legend" variant="body2">
            Permissions
          </Typography>
          {known.map((word) => (
            <FormControlLabel key={word} control={<Checkbox name={`permission.${word}`} size="small" />} label={humanize(word)} />
          ))}
        </Box>
        <TextField id="role-aal" name="needed_aal" label="Needed assurance level" select defaultValue="1">
          {['1', '2', '3'].map((level) => (
            <MenuItem key={level} value={level}>
              {level}
            </MenuItem>
          ))}
        </TextField>
        <Button type="submit" variant="contained" loading={create.isPending}>
          Create role
        </Button>
      </Box>
    </Panel>
  );
}

function Grants() {
  const grant = useGrant();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget, (event.nativeEvent as unknown as { submitter: HTMLElement | null }).submitter);
    grant.mutate({ user: enteredText(entered, 'user').trim(), role: enteredText(entered, 'role').trim(), give: entered.get('action') === 'give' });
  };
  return (
    <Panel title="Grant a role">
      <Box component="form" onSubmit={submit} noValidate sx={{ ...padded, maxWidth: 560 }}>
        <FaultNotice fault={grant.error} />
        {grant.isSuccess && (
          <Alert severity="success" role="status">
            {grant.data.message}
          </Alert>
        )}
        <TextField id="grant-user" name="user" label="Account id" />
        <TextField id="grant-role" name="role" label="Role" />
        <Box sx={{ display: 'flex', gap: 1.5 }}>
          <Button type="submit" name="action" value="give" variant="contained" disabled={grant.isPending}>
            Grant
          </Button>
          <Button type="submit" name="action" value="take" variant="outlined" color="error" disabled={grant.isPending}>
            Take back
          </Button>
        </Box>
      </Box>
    </Panel>
  );
}

export function RolesPage() {
  const roles = useRoles();
  const remove = useDeleteRole();
  const items = roles.data?.items ?? [];
  // Whoever is here is an administrator, whose role holds every permission.
  const known = items.find(({ name }) => name === 'admin')?.permissions ?? [];
  return (
    <Screen title="Roles" lead="What people may do. Granted roles add to the account's own; taking permissions away ends the sessions it concerns.">
      <Box sx={{ display: 'grid', gap: 3 }}>
        <Panel title="Roles">
          <Box sx={padded}>
            <FaultNotice fault={roles.error ?? remove.error} />
            {items.map((role) => (
              <Role key={role.name} role={role} onDelete={role.built_in ? undefined : () => remove.mutate(role.name)} />
            ))}
          </Box>
        </Panel>
        <NewRole known={known} />
        <Grants />
      </Box>
    </Screen>
  );
}
