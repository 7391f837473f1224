import { useEffect, useRef } from 'react';

/** Moves the focus to the form's first faulty input whenever a new set of faults arrives. */
export function useFaultFocus(faults: Record<string, string>) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (Object.keys(faults).length === 0) return;
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [faults]);
  return form;
}
