#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// y (+)= the sum of parts, one after the other, + bias: what several workgroups have of one sum
layout(push_constant, scalar) uniform Constants
{
    Floats y, parts, bias;
    uint count;        // elements of a part
    uint partCount;
    uint width;        // of bias
    uint accumulate, biased;
};

void main()
{
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        float sum = 0.0;
        for (uint part = 0; part < partCount; part++)
        {
            sum += parts.at[(part * count) + i];
        }

        sum += biased != 0 ? bias.at[i % width] : 0.0;
        y.at[i] = accumulate != 0 ? y.at[i] + sum : sum;
    }
}
