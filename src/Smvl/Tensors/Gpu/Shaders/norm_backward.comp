#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "reduce.glsl"

// dx of norm.comp: with n = (x - mean) r and g = w dy, dx = r (g - mean(g) - n mean(g n)); of the RMS norm without mean(g).
layout(constant_id = 1) const bool LAYER = false;

layout(push_constant, scalar) uniform Constants
{
    Floats dx, dy, x, weight, mean, rstd;
    uint rows, width;
    uint accumulate;
};

void main()
{
    for (uint row = gl_WorkGroupID.x; row < rows; row += gl_NumWorkGroups.x)
    {
        uint start = row * width;
        float r = rstd.at[row], m = LAYER ? mean.at[row] : 0.0, sumG = 0.0, sumGn = 0.0;
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float g = dy.at[start + i] * weight.at[i];
            sumG += g;
            sumGn = fma(g, (x.at[start + i] - m) * r, sumGn);
        }

        float meanG = LAYER ? workgroupSum(sumG) / float(width) : 0.0;
        float meanGn = workgroupSum(sumGn) / float(width);
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float n = (x.at[start + i] - m) * r;
            float d = (fma(n, -meanGn, dy.at[start + i] * weight.at[i]) - meanG) * r;
            dx.at[start + i] = accumulate != 0 ? dx.at[start + i] + d : d;
        }
    }
}
