// Elements of any type that a weight or a cache is stored in, widened exactly. Blocks are GGUF's (src/Smvl/Tensors/Quantization):
// all of them have an even number of bytes, so that 16-bit loads read everything.

// the number of DType
layout(constant_id = 1) const uint ELEMENT = 0;

// whether four neighbours may be read at once: rows of a multiple of four elements, at aligned addresses
layout(constant_id = 2) const bool QUADS = false;

const uint F32 = TypeF32, F16 = TypeF16, BF16 = TypeBF16, Q8_0 = 7, Q4_0 = 8, Q4_K = 9, Q6_K = 10;

float half16(uint bits)
{
    return unpackHalf2x16(bits).x;
}

uint byteOf(Halves blocks, uint base, uint index)
{
    return (uint(blocks.at[base + (index >> 1)]) >> ((index & 1) * 8)) & 255;
}

// of four elements from a multiple of four on
vec4 blockQuad(Halves blocks, uint i)
{
    if (ELEMENT == Q8_0)
    {
        uint base = (i >> 5) * 17, at = base + 1 + ((i & 31) >> 1);
        int low = int(uint(blocks.at[at]) | (uint(blocks.at[at + 1]) << 16));
        return half16(uint(blocks.at[base]))
            * vec4(bitfieldExtract(low, 0, 8), bitfieldExtract(low, 8, 8), bitfieldExtract(low, 16, 8), bitfieldExtract(low, 24, 8));
    }

    if (ELEMENT == Q4_0)
    {
        uint base = (i >> 5) * 9, at = base + 1 + ((i & 15) >> 1);
        uint levels = (uint(blocks.at[at]) | (uint(blocks.at[at + 1]) << 16)) >> (((i >> 4) & 1) * 4);
        return half16(uint(blocks.at[base])) * (vec4(levels & 15, (levels >> 8) & 15, (levels >> 16) & 15, (levels >> 24) & 15) - 8.0);
    }

    uint j = i & 255;
    if (ELEMENT == Q4_K)
    {
        uint base = (i >> 8) * 72, part = j >> 5, scale, minimum;
        if (part < 4)
        {
            scale = byteOf(blocks, base + 2, part) & 63;
            minimum = byteOf(blocks, base + 2, part + 4) & 63;
        }
        else
        {
            uint last = byteOf(blocks, base + 2, part + 4);
            scale = (last & 15) | ((byteOf(blocks, base + 2, part - 4) >> 6) << 4);
            minimum = (last >> 4) | ((byteOf(blocks, base + 2, part) >> 6) << 4);
        }

        uint at = base + 8 + ((((part >> 1) * 32) + (j & 31)) >> 1);
        uint levels = (uint(blocks.at[at]) | (uint(blocks.at[at + 1]) << 16)) >> ((part & 1) * 4);
        precise vec4 scaled = (half16(uint(blocks.at[base])) * float(scale)) * vec4(levels & 15, (levels >> 8) & 15, (levels >> 16) & 15, (levels >> 24) & 15);
        precise vec4 values = scaled - (half16(uint(blocks.at[base + 1])) * float(minimum));
        return values;
    }

    // Q6_K: low 4 and high 2 bits apart
    uint base = (i >> 8) * 105, run = (j & 127) >> 5, at = j & 31;
    uint low = base + (((((j >> 7) * 64) + ((run & 1) * 32)) + at) >> 1), high = base + (((128 + ((j >> 7) * 32)) + at) >> 1);
    uint lows = (uint(blocks.at[low]) | (uint(blocks.at[low + 1]) << 16)) >> ((run >> 1) * 4);
    uint highs = (uint(blocks.at[high]) | (uint(blocks.at[high + 1]) << 16)) >> (run * 2);
    ivec4 levels = ivec4(
        (lows & 15) | ((highs & 3) << 4), ((lows >> 8) & 15) | (((highs >> 8) & 3) << 4),
        ((lows >> 16) & 15) | (((highs >> 16) & 3) << 4), ((lows >> 24) & 15) | (((highs >> 24) & 3) << 4)) - 32;
    int scale = bitfieldExtract(int(byteOf(blocks, base, 192 + (j >> 4))), 0, 8);
    precise float step = half16(uint(blocks.at[base + 104])) * float(scale);
    return step * vec4(levels);
}

// one element of F32, F16 or BF16
float element(uint64_t address, uint i)
{
    if (ELEMENT == F32)
    {
        return Floats(address).at[i];
    }

    uint bits = uint(Halves(address).at[i]);
    return ELEMENT == F16 ? half16(bits) : uintBitsToFloat(bits << 16);
}

// elements i to i + 3, of which the first `count` are there; i is a multiple of four where QUADS
vec4 elements(uint64_t address, uint i, uint count)
{
    if (ELEMENT >= Q8_0)
    {
        return blockQuad(Halves(address), i);
    }

    if (QUADS)
    {
        if (ELEMENT == F32)
        {
            return Vectors(address).at[i >> 2];
        }

        uvec2 bits = WordPairs(address).at[i >> 2];
        return ELEMENT == F16
            ? vec4(unpackHalf2x16(bits.x), unpackHalf2x16(bits.y))
            : uintBitsToFloat(uvec4(bits.x << 16, bits.x & 0xFFFF0000u, bits.y << 16, bits.y & 0xFFFF0000u));
    }

    return vec4(
        count > 0 ? element(address, i) : 0.0, count > 1 ? element(address, i + 1) : 0.0,
        count > 2 ? element(address, i + 2) : 0.0, count > 3 ? element(address, i + 3) : 0.0);
}

// the same of F32, whatever ELEMENT is
vec4 floats(uint64_t address, uint i, uint count)
{
    if (QUADS)
    {
        return Vectors(address).at[i >> 2];
    }

    Floats x = Floats(address);
    return vec4(count > 0 ? x.at[i] : 0.0, count > 1 ? x.at[i + 1] : 0.0, count > 2 ? x.at[i + 2] : 0.0, count > 3 ? x.at[i + 3] : 0.0);
}

void putFloats(uint64_t address, uint i, uint count, vec4 values)
{
    if (QUADS)
    {
        Vectors(address).at[i >> 2] = values;
        return;
    }

    Floats x = Floats(address);
    [[unroll]] for (uint c = 0; c < 4; c++)
    {
        if (c < count)
        {
            x.at[i + c] = values[c];
        }
    }
}

// as elements(), with subnormal and infinite halves as they are on every device
vec4 exactElements(uint64_t address, uint i, uint count)
{
    if (ELEMENT != F16)
    {
        return elements(address, i, count);
    }

    vec4 values = vec4(0.0);
    for (uint c = 0; c < min(count, 4); c++)
    {
        values[c] = widenHalf(uint(Halves(address).at[i + c]));
    }

    return values;
}
