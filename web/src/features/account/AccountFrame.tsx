import Box from '@mui/material/Box';
import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';
import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { Link as RouterLink } from 'react-router';
import { BrandName } from '@/ui/Brand';
import { Guilloche } from '@/ui/Guilloche';
import { DocumentIcon, FaceIcon, SealIcon } from '@/ui/icons';

const Rosette = styled(Guilloche)({ position: 'absolute', pointerEvents: 'none', maxWidth: 'none' });

const steps = [
  { icon: <DocumentIcon />, title: 'Photograph your document', text: 'Aadhaar, PAN, passport and others' },
  { icon: <FaceIcon />, title: 'Show your face', text: 'One picture from your camera' },
  { icon: <SealIcon />, title: 'Get the decision', text: 'With the reasons for it' },
];

interface Props {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

/** The page around the forms of people who are not signed in. */
export function AccountFrame({ title, lead, children }: Props) {
  return (
    <Box sx={{ minHeight: '100dvh', display: 'grid', gridTemplateColumns: { md: 'minmax(360px, 5fr) 7fr' }, gridTemplateRows: { xs: 'auto 1fr', md: '1fr' } }}>
      <Box
        component="header"
        sx={{
          position: 'relative',
          overflow: 'hidden',
          bgcolor: 'ink.main',
          color: '#cfe3e1',
          display: 'flex',
          flexDirection: 'column',
          justifyContent: 'space-between',
          gap: 6,
          p: { xs: 2, sm: 3, md: 6 },
        }}
      >
        <Rosette
          sx={{
            width: { xs: 360, md: 680 },
            right: { xs: -150, md: -280 },
            top: { xs: -146, md: -70 },
            opacity: { xs: 0.55, md: 0.5 },
          }}
        />
        <Box component={RouterLink} to="/" sx={{ position: 'relative', textDecoration: 'none', alignSelf: 'flex-start', borderRadius: 1 }}>
          <BrandName />
        </Box>
        <Box sx={{ position: 'relative', display: { xs: 'none', md: 'block' } }}>
          <Typography component="p" sx={{ color: '#fff', fontSize: 'clamp(2rem, 3vw, 2.75rem)', fontWeight: 600, lineHeight: 1.12, letterSpacing: '-0.025em', mb: 4, maxWidth: '14ch' }}>
            Prove who you are.
          </Typography>
          <Box component="ol" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 2.5 }}>
            {steps.map(({ icon, title: step, text }) => (
              <Box component="li" key={step} sx={{ display: 'flex', gap: 2, alignItems: 'flex-start' }}>
                <Box sx={{ color: '#8fd0c8', display: 'flex', mt: 0.25 }}>{icon}</Box>
                <Box>
                  <Typography sx={{ color: '#fff', fontWeight: 600 }}>{step}</Typography>
                  <Typography variant="body2">{text}</Typography>
                </Box>
              </Box>
            ))}
          </Box>
        </Box>
      </Box>
      <Box component="main" sx={{ display: 'flex', alignItems: { xs: 'flex-start', md: 'center' }, justifyContent: 'center', px: { xs: 2, sm: 4 }, py: { xs: 3, sm: 5 }, minWidth: 0 }}>
        <Box sx={{ width: '100%', maxWidth: 440 }}>
          <title>{`${title} · F-AI AuthX`}</title>
          <Typography variant="h1" sx={{ mb: lead === undefined ? 3 : 1 }}>
            {title}
          </Typography>
          {lead !== undefined && (
            <Typography color="textSecondary" sx={{ mb: 3 }}>
              {lead}
            </Typography>
          )}
          {children}
        </Box>
      </Box>
    </Box>
  );
}

export function AccountLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link component={RouterLink} to={to} sx={{ fontWeight: 600 }}>
      {children}
    </Link>
  );
}
