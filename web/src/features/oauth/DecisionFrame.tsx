import Box from '@mui/material/Box';
import type { ReactNode } from 'react';
import { BrandName } from '@/ui/Brand';
import { Screen } from '@/ui/Screen';

/** The page around one question that an application asks the visitor: nothing else leads away from it. */
export function DecisionFrame({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  return (
    <>
      <Box component="header" sx={{ bgcolor: 'ink.main', color: '#fff', px: { xs: 2, sm: 3 }, minHeight: 60, display: 'flex', alignItems: 'center' }}>
        <BrandName />
      </Box>
      <Box component="main">
        <Screen title={title} lead={lead} width={560}>
          {children}
        </Screen>
      </Box>
    </>
  );
}
