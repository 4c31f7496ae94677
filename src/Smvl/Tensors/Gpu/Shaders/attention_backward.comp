#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "functions.glsl"
#include "elements.glsl"
#include "attention_tiles.glsl"

// With p = exp(s - logSumExp) computed again and ds = p (dO . v - delta) scale: dq = sum of ds k over keys, and of KEYS
// dk = sum of ds q, dv = sum of p dO over the query rows that share the keys. A tile's rows (of q and dO, or of k and v) stay in
// shared memory while the others pass in blocks; nothing is added by two workgroups.
layout(constant_id = 5) const bool KEYS = false;

layout(push_constant, scalar) uniform Constants
{
    uint64_t first, second;   // dq; dk and dv, which are added to
    uint64_t q, k, v, dO;
    Floats logSumExp, delta;
    Tiles tiles;
    uint heads, group, causal;
    float scale;
};

const uint Block = Lanes;
shared vec4 own1[ROWS * Stride], own2[ROWS * Stride];            // q and dO; k and v
shared vec4 passing1[Block * Stride], passing2[Block * Stride];  // k and v; q and dO
shared float ps[ROWS * (Block + 1)], dss[ROWS * (Block + 1)];

uint keyOf(Tile tile, uint key)
{
    return ((tile.keyStart + key) * (heads / group)) + gl_WorkGroupID.y;
}

// quad c of a row, zeros behind the last
vec4 load(uint64_t from, Tile tile, bool keys, uint row, uint count, uint c)
{
    if (row >= count)
    {
        return vec4(0.0);
    }

    uint head = keys ? keyOf(tile, row) : headOf(tile, row, heads, group);
    return floats(from, (head * HEAD_DIM) + (c * 4), HEAD_DIM - (c * 4));
}

void main()
{
    Tile tile = tiles.at[gl_WorkGroupID.x];
    uint queryRows = tile.queryLength * group, ownCount = KEYS ? tile.keyLength : queryRows;
    uint r = gl_LocalInvocationIndex / Lanes, lane = gl_LocalInvocationIndex % Lanes, row = tile.first + r;
    for (uint i = gl_LocalInvocationIndex; i < ROWS * Quads; i += ROWS * Lanes)
    {
        uint at = i / Quads, c = i % Quads;
        own1[(at * Stride) + c] = load(KEYS ? k : q, tile, KEYS, tile.first + at, ownCount, c);
        own2[(at * Stride) + c] = load(KEYS ? v : dO, tile, KEYS, tile.first + at, ownCount, c);
    }

    // of a causal segment: the first query that sees a tile's first key, the last key that its last query sees
    uint start = 0, end = KEYS ? queryRows : visible(tile, min(tile.first + ROWS, queryRows) - 1, group, causal != 0);
    if (KEYS && causal != 0)
    {
        int query = int(tile.first) - int(tile.keyLength - tile.queryLength);
        start = uint(max(query, 0)) * group;
    }

    vec4 sum1[OwnQuads], sum2[OwnQuads];
    [[unroll]] for (uint j = 0; j < OwnQuads; j++)
    {
        sum1[j] = vec4(0.0);
        sum2[j] = vec4(0.0);
    }

    for (uint block = start; block < end; block += Block)
    {
        barrier();
        for (uint i = gl_LocalInvocationIndex; i < Block * Quads; i += ROWS * Lanes)
        {
            uint at = i / Quads, c = i % Quads;
            passing1[(at * Stride) + c] = load(KEYS ? q : k, tile, !KEYS, block + at, end, c);
            passing2[(at * Stride) + c] = load(KEYS ? dO : v, tile, !KEYS, block + at, end, c);
        }

        barrier();
        vec4 products1 = vec4(0.0), products2 = vec4(0.0);
        for (uint c = 0; c < Quads; c++)
        {
            products1 = fma(own1[(r * Stride) + c], passing1[(lane * Stride) + c], products1);
            products2 = fma(own2[(r * Stride) + c], passing2[(lane * Stride) + c], products2);
        }

        uint queryRow = KEYS ? block + lane : row, key = KEYS ? row : block + lane;
        float p = 0.0, ds = 0.0;
        if (queryRow < queryRows && key < tile.keyLength && key < visible(tile, queryRow, group, causal != 0))
        {
            uint head = headOf(tile, queryRow, heads, group);
            p = exponential((dot(products1, vec4(1.0)) * scale) - logSumExp.at[head]);
            ds = p * (dot(products2, vec4(1.0)) - delta.at[head]) * scale;
        }

        ps[(r * (Block + 1)) + lane] = p;
        dss[(r * (Block + 1)) + lane] = ds;
        barrier();
        for (uint j = 0; j < Block; j++)
        {
            float pj = ps[(r * (Block + 1)) + j], dsj = dss[(r * (Block + 1)) + j];
            [[unroll]] for (uint i = 0; i < OwnQuads; i++)
            {
                uint c = lane + (i * Lanes);
                if (c < Quads)
                {
                    sum1[i] = fma(vec4(dsj), passing1[(j * Stride) + c], sum1[i]);
                    if (KEYS)
                    {
                        sum2[i] = fma(vec4(pj), passing2[(j * Stride) + c], sum2[i]);
                    }
                }
            }
        }
    }

    if (row >= ownCount)
    {
        return;
    }

    uint head = KEYS ? keyOf(tile, row) : headOf(tile, row, heads, group);
    [[unroll]] for (uint i = 0; i < OwnQuads; i++)
    {
        uint c = lane + (i * Lanes), at = (head * HEAD_DIM) + (c * 4), left = HEAD_DIM - (c * 4);
        if (c < Quads)
        {
            putFloats(first, at, left, sum1[i] + (KEYS ? floats(first, at, left) : vec4(0.0)));
            if (KEYS)
            {
                putFloats(second, at, left, sum2[i] + floats(second, at, left));
            }
        }
    }
}
