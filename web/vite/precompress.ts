import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const textual = /\.(html|js|css|svg|json|txt|webmanifest)$/;

/**
 * Writes `<file>.gz` beside every text file of the build, so that the server
 * can send compressed bytes without compressing anything itself. A file that
 * gzip does not shrink gets no twin.
 */
export function precompress(): Plugin {
  let outDir = 'dist';
  return {
    name: 'authx-precompress',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    // After writeBundle, because the files of public/ are not part of the bundle.
    async closeBundle() {
      const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || !textual.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const plain = await readFile(path);
        const packed = gzipSync(plain, { level: 9 });
        if (packed.length < plain.length) await writeFile(`${path}.gz`, packed);
      }
    },
  };
}
