#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "reduce.glsl"

// y = (x - mean) r w + b per row, r = 1 / sqrt(mean of squares + eps); without mean and b: RMS norm. A workgroup has one row at a time.
layout(constant_id = 1) const bool LAYER = false;

layout(push_constant, scalar) uniform Constants
{
    Floats y, mean, rstd, x, weight, bias;
    uint rows, width;
    float eps;
    uint kept;   // whether mean and rstd are
};

void main()
{
    for (uint row = gl_WorkGroupID.x; row < rows; row += gl_NumWorkGroups.x)
    {
        uint start = row * width;
        float m = 0.0;
        if (LAYER)
        {
            float sum = 0.0;
            for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
            {
                sum += x.at[start + i];
            }

            m = workgroupSum(sum) / float(width);
        }

        float squares = 0.0;
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float centred = x.at[start + i] - m;
            squares = fma(centred, centred, squares);
        }

        float r = 1.0 / sqrt((workgroupSum(squares) / float(width)) + eps);
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float normalised = (x.at[start + i] - m) * r;
            y.at[start + i] = LAYER ? fma(normalised, weight.at[i], bias.at[i]) : normalised * weight.at[i];
        }

        if (kept != 0 && gl_LocalInvocationIndex == 0)
        {
            rstd.at[row] = r;
            if (LAYER)
            {
                mean.at[row] = m;
            }
        }
    }
}
