// The peer of ./insta bench images: sharp, told over standard input what to do, one line a round: FORMAT COUNT. Answers with one line of JSON.
// node sharp.mjs SHARP FOLDER CONCURRENCY
import { createRequire } from 'node:module';
import { readFile, readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const [, , module, folder, threads] = process.argv;
const sharp = createRequire(import.meta.url)(module);
sharp.cache(false);
if (Number(threads) > 0) sharp.concurrency(Number(threads));
const photos = (await readdir(folder)).filter(name => name.endsWith('.jpg')).sort().map(name => join(folder, name));

// As our variants: upright, at most 1,080 wide, sRGB, without metadata.
async function variant(photo, format) {
    const small = sharp(await readFile(photo)).rotate().resize({ width: 1080, withoutEnlargement: true });
    return (format === 'webp' ? small.webp({ quality: 80 }) : small.jpeg({ quality: 80, progressive: true, optimizeCoding: true })).toBuffer();
}

const lines = createInterface({ input: process.stdin });
console.log(JSON.stringify({ versions: sharp.versions }));
for await (const line of lines) {
    const [format, count] = line.split(' ');
    const begun = process.hrtime.bigint();
    let next = 0;
    let bytes = 0;
    // As many at once as there are children on the other side.
    await Promise.all(Array.from({ length: 2 }, async () => {
        while (next < Number(count)) {
            const made = await variant(photos[next++ % photos.length], format);
            bytes += made.length;
        }
    }));
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    console.log(JSON.stringify({ seconds, bytes, maxRss: process.resourceUsage().maxRSS * 1024 }));
}
