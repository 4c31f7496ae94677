#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "elements.glsl"

// to = from: any element type to float32, and float32 to float16, bfloat16 or Q8_0. An invocation has four elements, or a block.
layout(constant_id = 3) const uint TO = 0;

layout(push_constant, scalar) uniform Constants
{
    uint64_t to, from;
    uint count;
};

// as GGUF has it: the scale's inverse is of the scale before it is rounded to F16, halves are rounded away from zero
void quantize(uint i)
{
    Floats x = Floats(from);
    float largest = 0.0;
    for (uint j = 0; j < 32; j++)
    {
        largest = max(largest, abs(x.at[i + j]));
    }

    // below the second number the inverse is infinite, and all bytes are zero
    float scale = largest / 127.0, inverse = scale < 2.9387359e-39 ? 0.0 : 1.0 / scale;
    uint at = (i / 32) * 17;
    Halves blocks = Halves(to);
    blocks.at[at] = uint16_t(narrowHalf(scale));
    for (uint j = 0; j < 32; j += 2)
    {
        precise vec2 scaled = vec2(x.at[i + j], x.at[i + j + 1]) * inverse;
        ivec2 bytes = ivec2(sign(scaled) * floor(abs(scaled) + 0.5));
        blocks.at[at + 1 + (j / 2)] = uint16_t((bytes.x & 255) | ((bytes.y & 255) << 8));
    }
}

void main()
{
    uint each = TO == Q8_0 ? 32 : 4;
    for (uint i = gl_GlobalInvocationID.x * each; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x * each)
    {
        if (TO == Q8_0)
        {
            quantize(i);
            continue;
        }

        vec4 values = exactElements(from, i, count - i);
        for (uint c = 0; c < min(count - i, 4); c++)
        {
            if (TO == F32)
            {
                Floats(to).at[i + c] = values[c];
            }
            else
            {
                Halves(to).at[i + c] = uint16_t(TO == F16 ? narrowHalf(values[c]) : narrowBFloat(values[c]));
            }
        }
    }
}
