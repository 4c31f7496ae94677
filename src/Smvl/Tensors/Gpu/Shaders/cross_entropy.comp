#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "functions.glsl"
#include "reduce.glsl"

// losses and, in place of the logits, their gradients, see Cpu/CrossEntropy.cs for the formulas. A workgroup has one row at a time.
layout(push_constant, scalar) uniform Constants
{
    Floats losses;    // (T)
    Floats logits;    // (T, V)
    Ints targets;     // (T)
    uint rows, width;
    float gradientScale, labelSmoothing, zLoss;
};

void main()
{
    for (uint row = workgroup(); row < rows; row += gl_NumWorkGroups.x * gl_NumWorkGroups.y)
    {
        // the target's logit is read and overwritten by one invocation
        uint start = row * width, target = start + uint(targets.at[row]);
        bool ownsTarget = uint(targets.at[row]) % gl_WorkGroupSize.x == gl_LocalInvocationIndex;
        float most = uintBitsToFloat(0xFF800000u);
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            most = max(most, logits.at[start + i]);
        }

        most = workgroupMax(most);
        float sum = 0.0, shifts = 0.0, atTarget = ownsTarget ? logits.at[target] - most : 0.0;
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float shifted = logits.at[start + i] - most;
            shifts += shifted;
            sum += exponential(shifted);
        }

        sum = workgroupSum(sum);
        float mean = labelSmoothing > 0.0 ? workgroupSum(shifts) / float(width) : 0.0;
        float logSum = logarithm(sum), all = logSum + most;

        float scale = gradientScale * (1.0 + (2.0 * zLoss * all)) / sum, even = gradientScale * labelSmoothing / float(width);
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float gradient = (exponential(logits.at[start + i] - most) * scale) - even;
            logits.at[start + i] = start + i == target ? gradient - (gradientScale * (1.0 - labelSmoothing)) : gradient;
        }

        if (ownsTarget)
        {
            losses.at[row] = logSum - ((1.0 - labelSmoothing) * atTarget) - (labelSmoothing * mean) + (zLoss * all * all);
        }
    }
}
