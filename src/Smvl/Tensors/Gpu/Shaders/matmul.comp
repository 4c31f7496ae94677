#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "elements.glsl"

// C (M, N) = A (M, K) B (K, N), added to C or given a bias. A workgroup has a tile of C, an invocation 4 RowQuads by 4 ColumnQuads of it;
// slices of A and B go through shared memory while the next ones are on their way to registers.
// A is F32, (M, K) or turned (K, M) in memory; B is of any type as weights are, (N, K), or turned (K, N).
layout(constant_id = 3) const uint TILE_ROWS = 32;
layout(constant_id = 4) const uint TILE_COLUMNS = 32;
layout(constant_id = 5) const uint DEPTH = 16;
layout(constant_id = 6) const uint ROW_QUADS = 1;
layout(constant_id = 7) const uint COLUMN_QUADS = 1;
layout(constant_id = 8) const bool A_TURNED = false;
layout(constant_id = 9) const bool B_TURNED = false;

layout(push_constant, scalar) uniform Constants
{
    uint64_t a, b, c;
    Floats bias;
    uint rows, columns, depth;
    uint depthPart;           // of the sum, which may be shared out along z: c then has one (M, N) after the other
    uint accumulate, biased;
};

const uint ThreadColumns = TILE_COLUMNS / (4 * COLUMN_QUADS);
const uint ThreadRows = TILE_ROWS / (4 * ROW_QUADS);
const uint Threads = ThreadColumns * ThreadRows;
const uint LoadsA = (TILE_ROWS * DEPTH) / (4 * Threads);
const uint LoadsB = (TILE_COLUMNS * DEPTH) / (4 * Threads);

// a quad more in a row, so that turning on the way in meets other banks
const uint StrideA = (TILE_ROWS / 4) + 1;
const uint StrideB = (TILE_COLUMNS / 4) + 1;
shared vec4 sharedA[DEPTH * StrideA];
shared vec4 sharedB[DEPTH * StrideB];

// the place of a load in its slice: along depth, and across; four elements along the one that is contiguous in memory
uvec2 place(uint load, bool turned, uint across)
{
    uint i = (load * Threads) + gl_LocalInvocationIndex;
    return turned ? uvec2(i / (across / 4), (i % (across / 4)) * 4) : uvec2((i % (DEPTH / 4)) * 4, i / (DEPTH / 4));
}

vec4 loadA(uint load, uint start, uint end, uint firstRow)
{
    uvec2 at = place(load, A_TURNED, TILE_ROWS) + uvec2(start, firstRow);
    if (at.x >= end || at.y >= rows)
    {
        return vec4(0.0);
    }

    return A_TURNED ? floats(a, (at.x * rows) + at.y, rows - at.y) : floats(a, (at.y * depth) + at.x, end - at.x);
}

vec4 loadB(uint load, uint start, uint end, uint firstColumn)
{
    uvec2 at = place(load, B_TURNED, TILE_COLUMNS) + uvec2(start, firstColumn);
    if (at.x >= end || at.y >= columns)
    {
        return vec4(0.0);
    }

    return B_TURNED ? elements(b, (at.x * columns) + at.y, columns - at.y) : elements(b, (at.y * depth) + at.x, end - at.x);
}

void main()
{
    uint firstColumn = gl_WorkGroupID.x * TILE_COLUMNS, firstRow = gl_WorkGroupID.y * TILE_ROWS;
    uint start = gl_WorkGroupID.z * depthPart, end = min(start + depthPart, depth);
    uint x = gl_LocalInvocationIndex % ThreadColumns, y = gl_LocalInvocationIndex / ThreadColumns;
    vec4 sums[4 * ROW_QUADS * COLUMN_QUADS];
    [[unroll]] for (uint i = 0; i < 4 * ROW_QUADS * COLUMN_QUADS; i++)
    {
        sums[i] = vec4(0.0);
    }

    vec4 nextA[LoadsA], nextB[LoadsB];
    [[unroll]] for (uint i = 0; i < LoadsA; i++)
    {
        nextA[i] = loadA(i, start, end, firstRow);
    }

    [[unroll]] for (uint i = 0; i < LoadsB; i++)
    {
        nextB[i] = loadB(i, start, end, firstColumn);
    }

    for (uint k = start; k < end; k += DEPTH)
    {
        barrier();
        [[unroll]] for (uint i = 0; i < LoadsA; i++)
        {
            uvec2 at = place(i, A_TURNED, TILE_ROWS);
            if (A_TURNED)
            {
                sharedA[(at.x * StrideA) + (at.y / 4)] = nextA[i];
            }
            else
            {
                [[unroll]] for (uint c = 0; c < 4; c++)
                {
                    sharedA[((at.x + c) * StrideA) + (at.y / 4)][at.y % 4] = nextA[i][c];
                }
            }
        }

        [[unroll]] for (uint i = 0; i < LoadsB; i++)
        {
            uvec2 at = place(i, B_TURNED, TILE_COLUMNS);
            if (B_TURNED)
            {
                sharedB[(at.x * StrideB) + (at.y / 4)] = nextB[i];
            }
            else
            {
                [[unroll]] for (uint c = 0; c < 4; c++)
                {
                    sharedB[((at.x + c) * StrideB) + (at.y / 4)][at.y % 4] = nextB[i][c];
                }
            }
        }

        barrier();
        if (k + DEPTH < end)
        {
            [[unroll]] for (uint i = 0; i < LoadsA; i++)
            {
                nextA[i] = loadA(i, k + DEPTH, end, firstRow);
            }

            [[unroll]] for (uint i = 0; i < LoadsB; i++)
            {
                nextB[i] = loadB(i, k + DEPTH, end, firstColumn);
            }
        }

        for (uint p = 0; p < DEPTH; p++)
        {
            vec4 right[COLUMN_QUADS];
            [[unroll]] for (uint s = 0; s < COLUMN_QUADS; s++)
            {
                right[s] = sharedB[(p * StrideB) + x + (s * ThreadColumns)];
            }

            [[unroll]] for (uint r = 0; r < ROW_QUADS; r++)
            {
                vec4 left = sharedA[(p * StrideA) + y + (r * ThreadRows)];
                [[unroll]] for (uint i = 0; i < 4; i++)
                {
                    [[unroll]] for (uint s = 0; s < COLUMN_QUADS; s++)
                    {
                        uint at = (((r * 4) + i) * COLUMN_QUADS) + s;
                        sums[at] = fma(vec4(left[i]), right[s], sums[at]);
                    }
                }
            }
        }
    }

    uint part = gl_WorkGroupID.z * rows * columns;
    [[unroll]] for (uint r = 0; r < ROW_QUADS; r++)
    {
        [[unroll]] for (uint i = 0; i < 4; i++)
        {
            uint row = firstRow + ((y + (r * ThreadRows)) * 4) + i;
            [[unroll]] for (uint s = 0; s < COLUMN_QUADS; s++)
            {
                uint column = firstColumn + ((x + (s * ThreadColumns)) * 4);
                if (row < rows && column < columns)
                {
                    vec4 sum = sums[(((r * 4) + i) * COLUMN_QUADS) + s];
                    uint left = columns - column, to = part + (row * columns) + column;
                    if (biased != 0)
                    {
                        sum += vec4(
                            bias.at[column], left > 1 ? bias.at[column + 1] : 0.0, left > 2 ? bias.at[column + 2] : 0.0, left > 3 ? bias.at[column + 3] : 0.0);
                    }

                    sum += accumulate != 0 ? floats(c, to, left) : vec4(0.0);
                    putFloats(c, to, left, sum);
                }
            }
        }
    }
}
