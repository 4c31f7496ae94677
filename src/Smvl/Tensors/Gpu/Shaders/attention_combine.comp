#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "functions.glsl"

// o and logSumExp from what attention.comp has of several parts of the keys; an invocation has one element of o
layout(push_constant, scalar) uniform Constants
{
    Floats o, logSumExp, parts;
    Pairs sums;               // (parts, queryRows): maximum and sum
    uint first, rows;         // of T H
    uint headDim, partCount;
    uint queryRows;           // T H
    uint kept;                // whether logSumExp is
};

void main()
{
    for (uint i = gl_GlobalInvocationID.x; i < rows * headDim; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        uint row = first + (i / headDim);
        float most = sums.at[row].x;
        for (uint part = 1; part < partCount; part++)
        {
            most = max(most, sums.at[(part * queryRows) + row].x);
        }

        float sum = 0.0, value = 0.0;
        for (uint part = 0; part < partCount; part++)
        {
            vec2 own = sums.at[(part * queryRows) + row];

            // a part may have had no key that the row sees
            float factor = own.y == 0.0 ? 0.0 : exponential(own.x - most);
            sum = fma(own.y, factor, sum);
            value = fma(parts.at[(((part * queryRows) + row) * headDim) + (i % headDim)], factor, value);
        }

        o.at[(row * headDim) + (i % headDim)] = value / sum;
        if (kept != 0 && i % headDim == 0)
        {
            logSumExp.at[row] = most + logarithm(sum);
        }
    }
}
