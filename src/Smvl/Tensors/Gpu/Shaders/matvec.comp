#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "elements.glsl"
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

// y (T, N) = x (T, K) weight (N, K) + bias for few rows: weights are read once, as a stream. A workgroup has a few of the outputs,
// its invocations take turns along the inputs.
layout(constant_id = 3) const uint ROWS = 1;
layout(constant_id = 4) const uint OUTPUTS = 4;
const uint Sums = ROWS * OUTPUTS;
shared float subgroupSums[32 * Sums];

layout(push_constant, scalar) uniform Constants
{
    uint64_t y, x, weight;
    Floats bias;
    uint rows, outputs, inputs;
    uint biased;
};

void main()
{
    uint first = workgroup() * OUTPUTS;
    if (first >= outputs)
    {
        return;
    }

    float sums[Sums];
    [[unroll]] for (uint i = 0; i < Sums; i++)
    {
        sums[i] = 0.0;
    }

    for (uint k = gl_LocalInvocationIndex * 4; k < inputs; k += gl_WorkGroupSize.x * 4)
    {
        vec4 weights[OUTPUTS];
        [[unroll]] for (uint n = 0; n < OUTPUTS; n++)
        {
            weights[n] = elements(weight, (min(first + n, outputs - 1) * inputs) + k, inputs - k);
        }

        [[unroll]] for (uint t = 0; t < ROWS; t++)
        {
            vec4 values = floats(x, (min(t, rows - 1) * inputs) + k, inputs - k);
            [[unroll]] for (uint n = 0; n < OUTPUTS; n++)
            {
                sums[(t * OUTPUTS) + n] += dot(values, weights[n]);
            }
        }
    }

    [[unroll]] for (uint i = 0; i < Sums; i++)
    {
        float sum = subgroupAdd(sums[i]);
        if (subgroupElect())
        {
            subgroupSums[(gl_SubgroupID * Sums) + i] = sum;
        }
    }

    barrier();
    for (uint i = gl_LocalInvocationIndex; i < Sums; i += gl_WorkGroupSize.x)
    {
        uint t = i / OUTPUTS, n = first + (i % OUTPUTS);
        if (t < rows && n < outputs)
        {
            float sum = 0.0;
            for (uint s = 0; s < gl_NumSubgroups; s++)
            {
                sum += subgroupSums[(s * Sums) + i];
            }

            Floats(y).at[(t * outputs) + n] = sum + (biased != 0 ? bias.at[n] : 0.0);
        }
    }
}
