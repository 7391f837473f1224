import { readdirSync } from 'node:fs';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const features = readdirSync(new URL('./src/features', import.meta.url));

/** Forbids imports by regular expression, each with the reason that the developer reads. */
const forbidImports = (...patterns) => ({
  'no-restricted-imports': ['error', { patterns: patterns.map(([regex, message]) => ({ regex, message })) }],
});

const barrels = ['^@mui/material$', 'Import one component by its path; the index drags in everything.'];
const appFromBelow = ['^@/app/', 'Only app/ composes; what stands below it does not know it.'];
const upwards = ['^\\.\\./', 'Import by the path from src: @/…'];

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'react-hooks': reactHooks, 'jsx-a11y': jsxA11y },
    rules: {
      ...reactHooks.configs.recommended.rules,
      ...jsxA11y.flatConfigs.recommended.rules,
      ...forbidImports(barrels, upwards),
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      'no-restricted-globals': [
        'error',
        { name: 'localStorage', message: 'Tokens and personal data stay in memory.' },
        { name: 'sessionStorage', message: 'Tokens and personal data stay in memory.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'window', property: 'localStorage', message: 'Tokens and personal data stay in memory.' },
        { object: 'window', property: 'sessionStorage', message: 'Tokens and personal data stay in memory.' },
      ],
    },
  },
  {
    files: ['src/{lib,ui}/**/*.{ts,tsx}'],
    rules: forbidImports(barrels, upwards, appFromBelow, ['^@/features/', 'lib/ and ui/ stand below the features.']),
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**/*.{ts,tsx}`],
    rules: forbidImports(barrels, upwards, appFromBelow, [
      `^@/features/(?!${feature}/)`,
      'Features do not import each other; app/screens/ combines them.',
    ]),
  })),
  {
    // Tests look at what must not be there, and build broken input on purpose.
    files: ['**/*.test.{ts,tsx}', 'src/testing/**'],
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
