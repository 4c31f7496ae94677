#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// Blocks of Q8_0 from float32, an invocation a block, byte for byte as Smvl.Tensors.Quantization.BlockQ8_0 makes them. Where the
// destination begins may stand in memory, so that commands are the same wherever it is.
layout(push_constant, scalar) uniform Constants
{
    uint64_t destination;
    uint64_t source;
    uint64_t start;   // of the index of the destination's first block; 0: that is 0
    uint blocks;
};

const uint BlockValues = 32;
const uint BlockBytes = 34;

void main()
{
    uint first = start == 0 ? 0 : Words(start).at[0];
    for (uint i = gl_GlobalInvocationID.x; i < blocks; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        Floats x = Floats(source + i * uint64_t(BlockValues * 4));
        float largest = 0;
        for (uint k = 0; k < BlockValues; k++)
        {
            largest = max(largest, abs(x.at[k]));
        }

        // a division may be off by a last place or two: one step of Newton's method rounds it as the host does
        precise float estimate = largest * (1.0 / 127.0);
        precise float d = fma(fma(-estimate, 127.0, largest), 1.0 / 127.0, estimate);
        precise float reciprocal = 1.0 / d;
        precise float inverse = fma(fma(-reciprocal, d, 1.0), reciprocal, reciprocal);
        inverse = isinf(reciprocal) || isnan(inverse) ? 0.0 : inverse;
        Halves(destination + (first + i) * uint64_t(BlockBytes)).at[0] = uint16_t(narrowHalf(d));
        Bytes values = Bytes(destination + (first + i) * uint64_t(BlockBytes) + 2ul);
        for (uint k = 0; k < BlockValues; k++)
        {
            // to nearest, ties away from zero
            precise float scaled = x.at[k] * inverse;
            float magnitude = floor(abs(scaled));
            magnitude += abs(scaled) - magnitude >= 0.5 ? 1.0 : 0.0;
            values.at[k] = uint8_t(int(scaled < 0 ? -magnitude : magnitude) & 0xFF);
        }
    }
}
