#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// In place: the pair (i, i + hd/2) of each head turns by its row's angle. The table comes from the host, as the sines of a device
// are not exact enough for large angles.
layout(push_constant, scalar) uniform Constants
{
    Floats x;                // (T, H hd)
    Floats cosines, sines;   // (positions, hd/2)
    Ints positions;          // (T)
    uint rows, heads, half_;
    float sign_;
};

void main()
{
    uint pairs = heads * half_;
    for (uint row = workgroup(); row < rows; row += gl_NumWorkGroups.x * gl_NumWorkGroups.y)
    {
        uint angles = uint(positions.at[row]) * half_;
        for (uint p = gl_LocalInvocationIndex; p < pairs; p += gl_WorkGroupSize.x)
        {
            uint i = p % half_, at = (((row * heads) + (p / half_)) * 2 * half_) + i;
            float low = x.at[at], high = x.at[at + half_], c = cosines.at[angles + i], s = sines.at[angles + i] * sign_;
            x.at[at] = (low * c) - (high * s);
            x.at[at + half_] = fma(low, s, high * c);
        }
    }
}
