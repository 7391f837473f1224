/** The text entered into a form's input; empty when there is none. */
export function enteredText(form: FormData, name: string): string {
  const entry = form.get(name);
  return typeof entry === 'string' ? entry : '';
}
