import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Collapse from '@mui/material/Collapse';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type SubmitEvent } from 'react';
import { Navigate } from 'react-router';
import { AccountFrame, AccountLink } from '@/features/account/AccountFrame';
import { useLogin } from '@/features/account/api/login';
import { useRegister, type RegisterRequest } from '@/features/account/api/register';
import { checkRegistration } from '@/features/account/checks';
import type { ApiFault } from '@/lib/api-fault';
import { enteredText } from '@/lib/form';
import { useSession } from '@/lib/session';
import { FaultNotice } from '@/ui/FaultNotice';
import { ExpandIcon, MailIcon } from '@/ui/icons';
import { PasswordField } from '@/ui/PasswordField';
import { useFaultFocus } from '@/ui/useFaultFocus';

const optionalFields = ['dob', 'phone', 'address'];
const requiredInput = { htmlInput: { 'aria-required': true } };
const ownFields = ['name', 'email', 'password', ...optionalFields];

function readForm(form: HTMLFormElement): RegisterRequest {
  const entered = new FormData(form);
  const optional = (name: string) => enteredText(entered, name).trim() || undefined;
  return {
    name: enteredText(entered, 'name').trim(),
    email: enteredText(entered, 'email').trim(),
    password: enteredText(entered, 'password') || undefined,
    dob: optional('dob'),
    phone: optional('phone'),
    address: optional('address'),
  };
}

/** Registration, then the login that makes it one step for the person. */
export function RegisterPage() {
  const session = useSession();
  const register = useRegister();
  const login = useLogin();
  const [registering, setRegistering] = useState(false);
  const [checked, setChecked] = useState<Record<string, string>>({});
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [moreOpen, setMoreOpen] = useState(false);
  const form = useFaultFocus(faults);

  if (session !== null) return <Navigate to={registering ? '/verify' : '/dashboard'} replace />;

  const showFaults = (next: Record<string, string>) => {
    setFaults(next);
    if (optionalFields.some((field) => field in next)) setMoreOpen(true);
  };

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entered = readForm(event.currentTarget);
    const missing = checkRegistration(entered);
    setChecked(missing);
    showFaults(missing);
    if (Object.keys(missing).length > 0) return;
    register.reset();
    login.reset();
    setRegistering(true);
    try {
      await register.mutateAsync(entered);
    } catch (fault) {
      showFaults((fault as ApiFault).byField);
      return;
    }
    if (entered.password !== undefined) login.mutate({ email: entered.email, password: entered.password });
  };

  const beside = (field: string, hint?: string) => ({
    id: field,
    name: field,
    error: field in faults,
    helperText: faults[field] ?? hint,
  });

  if (register.isSuccess && register.variables.password === undefined) {
    return (
      <AccountFrame title="Check your email">
        <Box role="status">
          <MailIcon sx={{ fontSize: 40, color: 'primary.main', mb: 1 }} />
          <Typography sx={{ mb: 3 }}>
            We sent a link to <strong>{register.variables.email}</strong>. Open it to choose a password; your account is then ready.
          </Typography>
        </Box>
        <Typography>
          Password chosen already? <AccountLink to="/login">Sign in</AccountLink>
        </Typography>
      </AccountFrame>
    );
  }

  if (register.isSuccess && login.isError) {
    return (
      <AccountFrame title="Almost there">
        <Typography sx={{ mb: 2 }}>{register.data.message}</Typography>
        <FaultNotice fault={login.error} />
        <Typography sx={{ mt: 3 }}>
          <AccountLink to="/login">Go to the sign-in page</AccountLink>
        </Typography>
      </AccountFrame>
    );
  }

  const busy = register.isPending || (register.isSuccess && !login.isError);
  return (
    <AccountFrame title="Create your account" lead="It takes a minute. Have your identity document at hand.">
      <Box component="form" ref={form} onSubmit={(event: SubmitEvent<HTMLFormElement>) => void submit(event)} noValidate sx={{ display: 'grid', gap: 2.25 }}>
        {Object.keys(checked).length === 0 && <FaultNotice fault={register.error} besideFields={ownFields} />}
        <TextField {...beside('name', 'As it stands on your document')} label="Full name" autoComplete="name" slotProps={requiredInput} />
        <TextField {...beside('email')} label="Email" type="email" autoComplete="email" slotProps={requiredInput} />
        <PasswordField {...beside('password', 'At least 8 characters. Leave it empty to get a link by email instead.')} label="Password" autoComplete="new-password" />
        <Box>
          <Button
            type="button"
            variant="text"
            onClick={() => setMoreOpen(!moreOpen)}
            aria-expanded={moreOpen}
            aria-controls="more-about-you"
            startIcon={<ExpandIcon sx={{ transform: moreOpen ? 'rotate(180deg)' : 'none', transition: 'transform .2s' }} />}
            sx={{ ml: -1 }}
          >
            More about you (optional)
          </Button>
          <Collapse in={moreOpen}>
            <Box id="more-about-you" sx={{ display: 'grid', gap: 2.25, pt: 1.5 }}>
              <TextField
                {...beside('dob', 'Compared with the date on your document')}
                label="Date of birth"
                type="date"
                autoComplete="bday"
                slotProps={{ inputLabel: { shrink: true } }}
              />
              <TextField {...beside('phone')} label="Phone" type="tel" autoComplete="tel" />
              <TextField {...beside('address')} label="Address" autoComplete="street-address" multiline minRows={2} />
            </Box>
          </Collapse>
        </Box>
        <Button id="register-button" type="submit" variant="contained" size="large" loading={busy} loadingPosition="start">
          {busy ? 'Creating your account…' : 'Create account'}
        </Button>
        <Typography>
          Have an account? <AccountLink to="/login">Sign in</AccountLink>
        </Typography>
      </Box>
    </AccountFrame>
  );
}
