import '@fontsource-variable/ibm-plex-sans/wght.css';
import '@fontsource/ibm-plex-mono/latin-500.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter } from 'react-router';
import { App } from '@/app/App';
import { routes } from '@/app/routes';
import { restoreSession } from '@/lib/http';
import { createQueryClient } from '@/lib/query-client';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

void restoreSession().then(() => {
  createRoot(root).render(
    <StrictMode>
      <App queryClient={createQueryClient()} router={createBrowserRouter(routes)} />
    </StrictMode>,
  );
});
