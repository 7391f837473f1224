import { createContext, type ReactNode } from 'react';

/**
 * Shows the camera for faces, for features that do not know the one that has it. `onCapture` gets the picture; the camera shows
 * "Processing..." until the promise settles. Null: there is none.
 */
export const FaceCamera = createContext<((onCapture: (picture: Blob) => Promise<void>) => ReactNode) | null>(null);
