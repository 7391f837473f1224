import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';
import { endSession } from '@/lib/session';

// A page's code is loaded when it is first shown: on a busy machine that takes longer than the second that is waited by default.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  endSession('signed-out');
});
