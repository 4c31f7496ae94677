#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// Cpu/Lion.cs
layout(push_constant, scalar) uniform Constants
{
    Floats parameter, gradient, moment;
    uint count;
    float gradientScale, keep, rate, beta1, rest1, beta2, rest2;
};

void main()
{
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        precise float g = gradient.at[i] * gradientScale;
        precise float m = moment.at[i];
        precise float direction = (beta1 * m) + (rest1 * g);
        precise float kept = parameter.at[i] * keep;
        precise float after = (beta2 * m) + (rest2 * g);
        parameter.at[i] = kept - (direction > 0.0 ? rate : direction < 0.0 ? -rate : 0.0);
        moment.at[i] = after;
    }
}
