import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { ApiFault } from '@/lib/api-fault';
import { humanize } from '@/lib/format';

interface Props {
  fault: Error | null;
  /** Fields whose own input shows the reason, so that it isn't said twice. */
  besideFields?: readonly string[];
  /** What the person can do about it. */
  action?: ReactNode;
}

/** Says what went wrong in a request: the summary, every fault without an input of its own, and the number support asks for. */
export function FaultNotice({ fault, besideFields = [], action }: Props) {
  if (fault === null) return null;
  const fields = fault instanceof ApiFault ? fault.fields : [];
  const rest = fields.filter(({ field }) => !besideFields.includes(field));
  const requestId = fault instanceof ApiFault ? fault.requestId : undefined;
  const message = fault instanceof ApiFault ? fault.message : 'Something went wrong on this page. Please try again.';
  return (
    <Alert severity="error" role="alert" action={action}>
      <AlertTitle sx={{ mb: rest.length > 0 ? 0.5 : 0 }}>{message}</AlertTitle>
      {rest.length > 0 && (
        <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
          {rest.map(({ field, reason }) => (
            <li key={`${field} ${reason}`}>
              {field !== '' && `${humanize(field)}: `}
              {reason}
            </li>
          ))}
        </Box>
      )}
      {requestId !== undefined && (
        <Typography variant="caption" component="p" sx={{ mt: 0.5, overflowWrap: 'anywhere' }}>
          Reference for support: <code>{requestId}</code>
        </Typography>
      )}
    </Alert>
  );
}
