import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider } from '@mui/material/styles';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { RouterProvider, type createBrowserRouter } from 'react-router';
import { theme } from '@/app/theme';
import { FaceCamera } from '@/ui/FaceCamera';

const Camera = lazy(async () => ({ default: (await import('@/features/faces/FaceCapture')).FaceCapture }));

const showCamera = (onCapture: (picture: Blob) => Promise<void>) => (
  <Suspense>
    <Camera onCapture={onCapture} />
  </Suspense>
);

interface Props {
  queryClient: QueryClient;
  router: ReturnType<typeof createBrowserRouter>;
}

export function App({ queryClient, router }: Props) {
  return (
    <ThemeProvider theme={theme}>
      <CssBaseline />
      <QueryClientProvider client={queryClient}>
        <FaceCamera value={showCamera}>
          <RouterProvider router={router} />
        </FaceCamera>
      </QueryClientProvider>
    </ThemeProvider>
  );
}
