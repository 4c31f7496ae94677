#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "reduce.glsl"

// delta (T, H) = dO . o per head
layout(push_constant, scalar) uniform Constants
{
    Floats delta, dO, o;
    uint rows, headDim;   // T H
};

void main()
{
    for (uint row = workgroup(); row < rows; row += gl_NumWorkGroups.x * gl_NumWorkGroups.y)
    {
        float sum = 0.0;
        for (uint i = gl_LocalInvocationIndex; i < headDim; i += gl_WorkGroupSize.x)
        {
            sum = fma(dO.at[(row * headDim) + i], o.at[(row * headDim) + i], sum);
        }

        sum = workgroupSum(sum);
        if (gl_LocalInvocationIndex == 0)
        {
            delta.at[row] = sum;
        }
    }
}
