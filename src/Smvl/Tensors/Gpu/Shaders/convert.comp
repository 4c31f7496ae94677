#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "elements.glsl"

// to = from: any element type to float32, float16 or bfloat16. An invocation has four elements at a time. Where `to` begins may stand in
// memory, so that commands are the same wherever it is.
layout(constant_id = 3) const uint TO = 0;

layout(push_constant, scalar) uniform Constants
{
    uint64_t to, from;
    uint64_t start;   // of the index of to's first element; 0: that is 0
    uint count;
};

void main()
{
    uint first = start == 0 ? 0 : Words(start).at[0];
    for (uint i = gl_GlobalInvocationID.x * 4; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x * 4)
    {
        vec4 values = exactElements(from, i, count - i);
        for (uint c = 0; c < min(count - i, 4); c++)
        {
            if (TO == F32)
            {
                Floats(to).at[first + i + c] = values[c];
            }
            else
            {
                Halves(to).at[first + i + c] = uint16_t(TO == F16 ? narrowHalf(values[c]) : narrowBFloat(values[c]));
            }
        }
    }
}
