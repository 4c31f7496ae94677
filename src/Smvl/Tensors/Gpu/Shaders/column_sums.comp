#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// parts (chunks, width) = sums over a chunk of rows of dy, or of dy times what the norm's weight, or another factor, met. sum_parts.comp adds them up.
layout(constant_id = 1) const uint FACTOR = 0;
const uint ONE = 0, RMS = 1, LAYER = 2, OTHER = 3;

// 32 columns side by side, so that a row is read in whole lines
const uint Columns = 32;
layout(constant_id = 2) const uint LANES = 4;
shared float lanes[LANES * Columns];

layout(push_constant, scalar) uniform Constants
{
    Floats parts, dy, x, mean, rstd;
    uint rows, width;
    uint chunk;   // rows of a part
};

void main()
{
    uint column = (gl_WorkGroupID.x * Columns) + (gl_LocalInvocationIndex % Columns), lane = gl_LocalInvocationIndex / Columns;
    uint start = gl_WorkGroupID.y * chunk, end = min(start + chunk, rows);
    float sum = 0.0;
    if (column < width)
    {
        for (uint row = start + lane; row < end; row += LANES)
        {
            uint i = (row * width) + column;
            float factor = FACTOR == ONE ? 1.0 : FACTOR == OTHER ? x.at[i] : FACTOR == RMS ? x.at[i] * rstd.at[row] : (x.at[i] - mean.at[row]) * rstd.at[row];
            sum = fma(dy.at[i], factor, sum);
        }
    }

    lanes[gl_LocalInvocationIndex] = sum;
    barrier();
    if (lane == 0 && column < width)
    {
        for (uint other = 1; other < LANES; other++)
        {
            sum += lanes[(other * Columns) + gl_LocalInvocationIndex];
        }

        parts.at[(gl_WorkGroupID.y * width) + column] = sum;
    }
}
