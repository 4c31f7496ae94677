#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "functions.glsl"
#include "elements.glsl"
#include "attention_tiles.glsl"

// o = softmax(q k^T scale) v without a matrix of scores: keys pass in blocks, sums are rescaled whenever a row's maximum grows
// (Milakov and Gimelshein 2018; Dao et al. 2022). Few queries share their keys out along z: the parts, unscaled, are put together by
// attention_combine.comp.
const uint Keys = 16;

layout(push_constant, scalar) uniform Constants
{
    uint64_t o;             // (T, H hd), or (parts, T, H hd)
    uint64_t q, k, v;
    Floats logSumExp;    // (T, H), or (parts, T, H, 2): maximum and sum
    Tiles tiles;
    uint heads, group, causal;
    uint queryRows;      // T H
    uint kept;           // 0: nothing, 1: logSumExp, 2: parts
    float scale;
};

shared vec4 queries[ROWS * Stride];
shared vec4 block[Keys * Stride];      // of keys, then of values
shared float scores[ROWS * (Keys + 1)];
shared float probabilities[ROWS * (Keys + 1)];

void loadBlock(uint64_t from, uint start, uint end, Tile tile)
{
    for (uint i = gl_LocalInvocationIndex; i < Keys * Quads; i += ROWS * Lanes)
    {
        uint key = i / Quads, c = i % Quads;
        vec4 values = vec4(0.0);
        if (start + key < end)
        {
            uint row = ((tile.keyStart + start + key) * (heads / group)) + gl_WorkGroupID.y;
            values = elements(from, (row * HEAD_DIM) + (c * 4), HEAD_DIM - (c * 4));
        }

        block[(key * Stride) + c] = values;
    }
}

void main()
{
    Tile tile = tiles.at[gl_WorkGroupID.x];
    uint rows = tile.queryLength * group, r = gl_LocalInvocationIndex / Lanes, lane = gl_LocalInvocationIndex % Lanes, row = tile.first + r;
    for (uint i = gl_LocalInvocationIndex; i < ROWS * Quads; i += ROWS * Lanes)
    {
        uint other = tile.first + (i / Quads), c = i % Quads;
        queries[((i / Quads) * Stride) + c] =
            other < rows ? floats(q, (headOf(tile, other, heads, group) * HEAD_DIM) + (c * 4), HEAD_DIM - (c * 4)) : vec4(0.0);
    }

    // a part is a whole number of blocks of keys
    uint blocks = (tile.keyLength + Keys - 1) / Keys, keyPart = ((blocks + gl_NumWorkGroups.z - 1) / gl_NumWorkGroups.z) * Keys;
    uint start = gl_WorkGroupID.z * keyPart;
    uint end = min(start + keyPart, visible(tile, min(tile.first + ROWS, rows) - 1, group, causal != 0));
    uint seen = row < rows ? min(end, visible(tile, row, group, causal != 0)) : 0;
    float most = MinusInfinity, sum = 0.0;
    vec4 output_[OwnQuads];
    [[unroll]] for (uint j = 0; j < OwnQuads; j++)
    {
        output_[j] = vec4(0.0);
    }

    for (uint key = start; key < end; key += Keys)
    {
        barrier();
        loadBlock(k, key, end, tile);
        barrier();
        vec4 first = vec4(0.0), second = vec4(0.0);
        for (uint c = 0; c < Quads; c++)
        {
            vec4 query = queries[(r * Stride) + c];
            first = fma(query, block[(lane * Stride) + c], first);
            second = fma(query, block[((lane + Lanes) * Stride) + c], second);
        }

        float s0 = key + lane < seen ? dot(first, vec4(1.0)) * scale : MinusInfinity;
        float s1 = key + lane + Lanes < seen ? dot(second, vec4(1.0)) * scale : MinusInfinity;
        scores[(r * (Keys + 1)) + lane] = s0;
        scores[(r * (Keys + 1)) + lane + Lanes] = s1;
        barrier();
        loadBlock(v, key, end, tile);
        float before = most;
        for (uint j = 0; j < Keys; j++)
        {
            most = max(most, scores[(r * (Keys + 1)) + j]);
        }

        probabilities[(r * (Keys + 1)) + lane] = key + lane < seen ? exponential(s0 - most) : 0.0;
        probabilities[(r * (Keys + 1)) + lane + Lanes] = key + lane + Lanes < seen ? exponential(s1 - most) : 0.0;
        float keep = before == MinusInfinity ? 0.0 : exponential(before - most);
        sum *= keep;
        [[unroll]] for (uint j = 0; j < OwnQuads; j++)
        {
            output_[j] *= keep;
        }

        barrier();
        for (uint j = 0; j < Keys; j++)
        {
            float p = probabilities[(r * (Keys + 1)) + j];
            sum += p;
            [[unroll]] for (uint i = 0; i < OwnQuads; i++)
            {
                if (lane + (i * Lanes) < Quads)
                {
                    output_[i] = fma(vec4(p), block[(j * Stride) + lane + (i * Lanes)], output_[i]);
                }
            }
        }
    }

    if (row >= rows)
    {
        return;
    }

    uint at = headOf(tile, row, heads, group), part = kept == 2 ? gl_WorkGroupID.z * queryRows : 0;
    float share = kept == 2 ? 1.0 : 1.0 / sum;
    [[unroll]] for (uint i = 0; i < OwnQuads; i++)
    {
        uint c = lane + (i * Lanes);
        if (c < Quads)
        {
            putFloats(o, ((part + at) * HEAD_DIM) + (c * 4), HEAD_DIM - (c * 4), output_[i] * share);
        }
    }

    if (lane == 0 && kept == 1)
    {
        logSumExp.at[at] = most + logarithm(sum);
    }
    else if (lane == 0 && kept == 2)
    {
        logSumExp.at[2 * (part + at)] = most;
        logSumExp.at[(2 * (part + at)) + 1] = sum;
    }
}
