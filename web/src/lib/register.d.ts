import '@tanstack/react-query';
import type { ApiFault } from '@/lib/api-fault';

declare module '@tanstack/react-query' {
  interface Register {
    // Every query and mutation goes through call(), which throws nothing else.
    defaultError: ApiFault;
  }
}
