#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "adamw.glsl"

layout(push_constant, scalar) uniform Constants
{
    Floats parameter, gradient, moment1, moment2;
    uint count;
    AdamWStep step_;
};

void main()
{
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        float p = parameter.at[i], m = moment1.at[i], v = moment2.at[i];
        adamW(step_, gradient.at[i], p, m, v);
        parameter.at[i] = p;
        moment1.at[i] = m;
        moment2.at[i] = v;
    }
}
