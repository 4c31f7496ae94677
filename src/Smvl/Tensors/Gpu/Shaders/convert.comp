#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// destination = source, between float32, float16 and bfloat16.
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint From = TypeF32;
layout(constant_id = 1) const uint To = TypeF32;

layout(push_constant, scalar) uniform Constants
{
    uint64_t destination;
    uint64_t source;
    uint count;
};

void main()
{
    uint i = workgroup() * 256u + gl_LocalInvocationID.x;
    if (i >= count)
    {
        return;
    }

    float value;
    if (From == TypeF32)
    {
        value = Floats(source).at[i];
    }
    else
    {
        uint bits = uint(Halves(source).at[i]);
        value = From == TypeF16 ? widenHalf(bits) : widenBFloat(bits);
    }

    if (To == TypeF32)
    {
        Floats(destination).at[i] = value;
    }
    else
    {
        Halves(destination).at[i] = uint16_t(To == TypeF16 ? narrowHalf(value) : narrowBFloat(value));
    }
}
