import { QueryClient } from '@tanstack/react-query';
import { ApiFault } from '@/lib/api-fault';
import { currentSession, onSessionChange } from '@/lib/session';

export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, fault) => fault instanceof ApiFault && fault.transient && failures < 2,
      },
    },
  });
  // What one person was shown must not be there for the next.
  onSessionChange(() => {
    if (currentSession() === null) client.clear();
  });
  return client;
}
