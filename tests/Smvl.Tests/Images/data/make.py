"""Writes the small pictures of this folder and what Pillow makes of them. Run: python3 make.py FOLDER (made with Pillow 12.3).

pictures.safetensors: one uint8 tensor (height, width, 3) per picture file, its upright RGB pixels.
resample.safetensors: FILTER-WxH-to-WxH.source and .target, uint8 (height, width, 3).
"""
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps
from safetensors.numpy import save_file

folder = sys.argv[1]
rng = np.random.default_rng(7)


def picture(w, h):
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([x * 255 // max(w - 1, 1), y * 255 // max(h - 1, 1), (x + y) * 23 % 256], -1)
    return Image.fromarray((a + rng.integers(-20, 20, a.shape)).clip(0, 255).astype(np.uint8))


def save(name, im, **options):
    im.save(os.path.join(folder, name), **options)


def raw(name, data):
    open(os.path.join(folder, name), "wb").write(data)


def read(name):
    return open(os.path.join(folder, name), "rb").read()


def noise(n):
    return rng.integers(0, 256, n, dtype=np.uint8).tobytes()


# ---- EXIF orientation in the three formats that carry it
small = picture(5, 3)
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    save(f"orientation-{o}.jpg", small, quality=95, subsampling=0, exif=exif)
    save(f"orientation-{o}.png", small, exif=exif)
    save(f"orientation-{o}.webp", small, lossless=True, exif=exif)

# ---- JPEG
p = picture(19, 13)
save("grey.jpg", p.convert("L"))
save("progressive-420.jpg", p, progressive=True, subsampling=2)
save("baseline-422.jpg", p, subsampling=1)
save("restart.jpg", p, restart_marker_blocks=1)
save("rgb-components.jpg", p, keep_rgb=True)
save("cmyk.jpg", Image.frombytes("CMYK", (19, 13), noise(19 * 13 * 4)), quality=95)
j = read("baseline-422.jpg")
raw("stray-bytes.jpg", j[:-2] + b"\0\0\x11\x22" + j[-2:])
raw("trailing-bytes.jpg", j + b"\0" * 9)

# ---- PNG
alpha = p.copy()
alpha.putalpha(Image.frombytes("L", (19, 13), noise(19 * 13)))
save("rgba.png", alpha)
save("grey-alpha.png", alpha.convert("LA"))
save("transparent-color.png", p, transparency=p.getpixel((3, 3)))
save("palette-alpha.png", p.quantize(30), transparency=bytes([0, 100, 200, 255]))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(w, h, depth, color, rows, extra=b""):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, 0)) + extra
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows))) + chunk(b"IEND", b""))


for depth in (1, 2, 4):
    rows = [noise((11 * depth + 7) // 8) for _ in range(5)]
    raw(f"grey-{depth}bit.png", png(11, 5, depth, 0, rows))
    raw(f"palette-{depth}bit.png", png(11, 5, depth, 3, rows, chunk(b"PLTE", noise(3 << depth))))
for name, color, channels in (("rgb", 2, 3), ("grey-alpha", 4, 2), ("rgba", 6, 4)):
    raw(f"{name}-16bit.png", png(11, 5, 16, color, [noise(11 * channels * 2) for _ in range(5)]))
raw("gamma.png", png(11, 5, 8, 2, [noise(33) for _ in range(5)], chunk(b"gAMA", struct.pack(">I", 100000))))
raw("doubtful-chunks.png", png(11, 5, 8, 2, [noise(33) for _ in range(5)], chunk(b"sRGB", b"\t") + chunk(b"cHRM", bytes(32))))

# ---- WebP
save("lossless-alpha.webp", alpha, lossless=True, exact=True)
save("lossy.webp", p, quality=80)
save("lossy-alpha.webp", alpha, quality=80)

# ---- GIF
q = p.quantize(30)
save("palette.gif", q)
save("interlaced.gif", q, interlace=1)
save("grey.gif", p.convert("L"))
save("animated.gif", q, save_all=True, append_images=[picture(19, 13).quantize(20)])


def on_screen(name, left, top, width, height, **options):
    """The frame moved on a logical screen of another size."""
    save(name, q, **options)
    b = bytearray(read(name))
    i = b.index(b"\x2c", 13 + (3 << ((b[10] & 7) + 1)))
    b[i + 1:i + 5] = struct.pack("<HH", left, top)
    b[6:10] = struct.pack("<HH", width, height)
    raw(name, bytes(b))


on_screen("inside-screen.gif", 3, 2, 30, 20)
on_screen("inside-screen-transparent.gif", 3, 2, 30, 20, transparency=3)

# ---- BMP
for name, im in (("1bit", p.convert("1")), ("8bit", q), ("24bit", p), ("32bit", alpha)):
    save(f"{name}.bmp", im)


def bmp(w, h, bits, compression, pixels, palette=b""):
    offset = 54 + len(palette)
    return (b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset)
            + struct.pack("<IiiHHIIiiII", 40, w, h, 1, bits, compression, len(pixels), 0, 0, len(palette) // 4, 0) + palette + pixels)


raw("top-down.bmp", bmp(11, -5, 32, 0, noise(11 * 5 * 4)))
raw("rle8.bmp", bmp(9, 5, 8, 1, b"".join(bytes([4, y + 1, 5, y + 2, 0, 0]) for y in range(5)) + b"\0\1",
                    b"".join(bytes([k * 7 % 256, k * 13 % 256, k * 29 % 256, 0]) for k in range(256))))

kinds = (".jpg", ".png", ".webp", ".gif", ".bmp")
save_file({n: np.array(ImageOps.exif_transpose(Image.open(os.path.join(folder, n))).convert("RGB"))
           for n in sorted(os.listdir(folder)) if n.endswith(kinds)}, os.path.join(folder, "pictures.safetensors"))

# ---- resampling, with hard edges: overshoot must be clamped
tensors = {}
for w, h, tw, th in [(1, 1, 3, 2), (2, 3, 7, 5), (7, 2, 1, 1), (17, 9, 17, 4), (17, 9, 5, 9), (33, 20, 12, 31), (40, 41, 3, 2), (61, 8, 64, 64)]:
    source = (rng.integers(0, 2, (h, w, 3)) * 255).astype(np.uint8)
    for f in (Image.Resampling.LANCZOS, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
        key = f"{f.name.capitalize()}-{w}x{h}-to-{tw}x{th}"
        tensors[key + ".source"] = source
        tensors[key + ".target"] = np.array(Image.fromarray(source).resize((tw, th), f))
save_file(tensors, os.path.join(folder, "resample.safetensors"))
